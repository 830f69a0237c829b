// 200 MB up and 200 MB down, through a client process whose peak memory the operating system reports.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { Emulator } from 'xano-metadata/testing'

const SIZE = 200_000_000
const LIMIT = 60_000_000

const CLIENT = `
const { Instance } = require('xano-metadata')
const { readFileSync } = require('node:fs')
const [url, token, source, target] = process.argv.slice(1)
const peak = () => Number(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
async function main() {
  const instance = new Instance(url, { token })
  const { id } = await instance.workspaces.create({ name: 'Large' })
  const before = peak()
  const file = await instance.workspace(id).files.upload({ content: source, access: 'public' })
  await instance.fetch(file.path).saveTo(target)
  console.log(JSON.stringify({ before, after: peak() }))
}
main()
`

async function digest(path) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

test('large files stream from and to disk', { skip: process.platform !== 'linux' && 'reads /proc' }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'large-'))
  const [source, target] = [join(folder, 'source.bin'), join(folder, 'target.bin')]
  const block = Buffer.alloc(1 << 20, 'xano')
  const out = openSync(source, 'w')
  for (let number = 0; number * block.length < SIZE; number += 1) {
    block.writeUInt32BE(number)
    writeSync(out, block)
  }
  closeSync(out)
  const emulator = await Emulator.start()
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '-e',
      CLIENT,
      emulator.instanceUrl,
      emulator.token,
      source,
      target,
    ])
    const { before, after } = JSON.parse(stdout)
    console.log(`peak before ${(before / 1e6).toFixed(0)} MB, after ${(after / 1e6).toFixed(0)} MB`)
    // Node alone takes some 50 MB; the transfers may add little to it.
    assert.ok(after - before < LIMIT / 3, `${after - before} bytes over the start`)
    assert.equal(await digest(target), await digest(source))
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
