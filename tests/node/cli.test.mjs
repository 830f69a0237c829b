// `npx xano-metadata`: the same command line as the other packages bring; its commands are tested in tests/python/test_cli.py.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { ROOT, emulate } from './helper.mjs'

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const PROGRAM = join(ROOT, manifest.bin['xano-metadata'])

function shell(t, emulator) {
  const cwd = mkdtempSync(join(tmpdir(), 'cli-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  const env = {
    PATH: process.env.PATH,
    HOME: cwd,
    XANO_TOKEN: emulator.token,
    XANO_ACCOUNT_URL: emulator.accountUrl,
    XANO_INSTANCE_URL: emulator.instanceUrl,
  }
  return { cwd, env, encoding: 'utf8', timeout: 60_000 }
}

// The emulator answers from this process, so a command must not keep its thread: only spawn will do.
async function run(options, ...args) {
  const program = spawn(process.execPath, [PROGRAM, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    program[name].setEncoding('utf8').on('data', (text) => (texts[name] += text))
  }
  const [code] = await once(program, 'close')
  return { code, ...texts }
}

test('commands print documents, and end with their codes', async (t) => {
  const emulator = await emulate(t)
  const options = shell(t, emulator)
  const me = await run(options, 'me', '--json')
  assert.equal(me.code, 0, me.stderr)
  assert.equal(JSON.parse(me.stdout).me.email, 'robin@example.com')
  const backup = await run(options, 'backup', 'Main', '--to', 'b', '--json')
  assert.equal(backup.code, 0, backup.stderr)
  const { path } = JSON.parse(backup.stdout).done[0]
  assert.equal((await run(options, 'verify', path)).code, 0)
  assert.equal((await run(options, 'restore', path, 'Main')).code, 3)
  assert.equal((await run(options, 'nonsense')).code, 2)
  const nowhere = { ...options, env: { ...options.env, XANO_ACCOUNT_URL: 'http://127.0.0.1:9' } }
  const lost = await run(nowhere, 'me', '--retries', '0')
  assert.equal(lost.code, 4)
  assert.match(lost.stderr, /^xano-metadata: account.me: No connection/)
  const help = spawnSync(process.execPath, [PROGRAM, '--help'], options)
  assert.match(help.stdout, /Usage: xano-metadata/)
})

test('Ctrl-C ends it', { skip: process.platform === 'win32' }, async (t) => {
  const emulator = await emulate(t)
  const program = spawn(process.execPath, [PROGRAM, 'emulator', '--json'], {
    ...shell(t, emulator),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(program.stdout, 'data')
  assert.equal(JSON.parse(String(line)).ok, true)
  program.kill('SIGINT')
  const [code] = await once(program, 'close')
  assert.equal(code, 0, 'the emulator is meant to end so')
  await emulator.faults([{ kind: 'hang' }])
  const hanging = spawn(process.execPath, [PROGRAM, 'me'], { ...shell(t, emulator), stdio: 'ignore' })
  while (!(await emulator.requests()).length) await new Promise((resolve) => setTimeout(resolve, 5))
  hanging.kill('SIGINT')
  assert.deepEqual(await once(hanging, 'close'), [130, null])
})
