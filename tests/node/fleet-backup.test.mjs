// Backups from Node: made, verified, kept, restored; and the samples of the guide.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { Cancelled, ConfigError, DecodeError, RefusedError, restore, verify } from 'xano-metadata'

import { QUICK, emulate, failure } from './helper.mjs'

async function shop(t) {
  const emulator = await emulate(t, { seedDemo: true })
  const folder = await mkdtemp(join(tmpdir(), 'xano-backup-'))
  t.after(() => rm(folder, { recursive: true }))
  const instance = emulator.instance({ ...QUICK, rateLimit: false })
  return { emulator, folder, instance, main: instance.workspace('Main') }
}

test('an archive is made, found good, and restored', async (t) => {
  const { folder, main } = await shop(t)
  const told = []
  const backup = await main.backup({ to: pathToFileURL(folder), onProgress: (progress) => told.push(progress) })
  assert.deepEqual([backup.kind, backup.checked, backup.workspace.name], ['archive', 'contents', 'Main'])
  assert.equal(told.at(-1).done, backup.size)
  const found = await verify(folder)
  assert.deepEqual([found.ok, found.good, found.files[0].state], [true, 1, 'good'])
  const before = await main.table('order').records.toArray()
  await main.table('order').delete()
  const restored = await main.restore(backup, { confirm: 'Main' })
  assert.ok(restored.ok && restored.safety.length === 2, JSON.stringify(restored))
  assert.deepEqual(await main.table('order').records.toArray(), before)
  assert.equal((await verify(folder)).good, 3)
})

test('a damaged one is named and not restored', async (t) => {
  const { folder, main } = await shop(t)
  const backup = await main.backup({ to: folder })
  const bytes = await readFile(backup.path)
  bytes[bytes.length >> 1] ^= 1
  await writeFile(backup.path, bytes)
  const [file] = (await verify(folder)).files
  assert.deepEqual([file.state, file.trouble, file.manifest.workspace.name], ['bad', 'changed', 'Main'])
  assert.ok((await failure(main.restore(backup, { confirm: 'Main' }))) instanceof DecodeError)
  assert.ok((await failure(main.restore(backup, { confirm: 'main' }))) instanceof RefusedError)
  assert.ok((await failure(main.restore(backup, {}))) instanceof RefusedError)
})

test('a logical backup puts a table beside the living one', async (t) => {
  const { emulator, folder, main } = await shop(t)
  await emulator.faults({ kind: 'status', status: 403, path: '/workspace/*/export' })
  const backup = await main.branch('v1').backup({ to: folder, password: 'open sesame' })
  assert.deepEqual([backup.kind, backup.encrypted], ['logical', true])
  assert.equal((await verify(backup.path)).files[0].state, 'encrypted')
  assert.equal((await verify(backup.path, { password: 'open sesame' })).files[0].state, 'good')
  const options = { into: main, confirm: 'Main', tables: { order: 'order 2' }, safety: null, password: 'open sesame' }
  const restored = await restore(backup.path, options)
  assert.ok(restored.ok && restored.safety.length === 0, JSON.stringify(restored))
  const [one, other] = [await main.table('order').records.toArray(), await main.table('order 2').records.toArray()]
  assert.deepEqual(other, one)
})

test('a fleet is kept by a rule', async (t) => {
  const { emulator, folder } = await shop(t)
  const fleet = emulator.client({ ...QUICK, rateLimit: false, maxRetries: 0 }).fleet()
  const seen = []
  const first = await fleet.backup({ to: folder, onBackup: (backup) => seen.push(backup.path) })
  assert.ok(first.ok, String(first.failures[0]?.error))
  assert.deepEqual(seen.sort(), first.done.map(({ path }) => path).sort())
  const second = await fleet.backup({ to: folder, keep: { last: 1 } })
  assert.deepEqual(second.removed.map(({ path }) => path).sort(), seen)
  await emulator.faults({ kind: 'cut_body', path: '/workspace/*/export' })
  const third = await fleet.backup({ to: folder, keep: { last: 1 } })
  assert.deepEqual([third.ok, third.removed.length, third.failures.length], [false, 0, second.done.length])
  assert.ok(third.failures[0].error instanceof Error)
  assert.equal((await verify(folder)).good, second.done.length)
})

test('a backup that is given up leaves nothing', async (t) => {
  const { emulator, folder, main } = await shop(t)
  await emulator.faults({ kind: 'hang', path: '/workspace/*/export' })
  const error = await failure(main.backup({ to: folder, signal: AbortSignal.timeout(200) }))
  assert.ok(error instanceof Cancelled, String(error))
  assert.deepEqual(await readdir(folder), [])
})

test('bad input is refused', async (t) => {
  const { folder, instance, main } = await shop(t)
  const { fleet } = { fleet: (await shop(t)).emulator.client(QUICK).fleet() }
  for (const attempt of [
    async () => main.backup({ to: 7 }),
    async () => main.backup({ kind: 'full' }),
    async () => main.backup({ to: folder, password: '' }),
    async () => fleet.backup({ keep: { monthly: 1 } }),
    async () => fleet.backup({ to: folder, keep: {} }),
    async () => restore('x', { into: instance, confirm: 'Main' }),
    async () => restore(undefined, { into: main, confirm: 'Main' }),
    async () => verify(join(folder, 'none')),
  ]) {
    const error = await failure(attempt())
    assert.ok(error instanceof ConfigError, `${attempt}: ${error}`)
  }
  assert.deepEqual(await readdir(folder), [])
})

test('the samples of the guide run', async (t) => {
  const { emulator, folder, main } = await shop(t)
  const text = await readFile(new URL('../../docs/backups.md', import.meta.url), 'utf8')
  const samples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, sample]) => sample)
  assert.equal(samples.length, 5)
  const body = samples
    .join('\n')
    .replace(/^import .*$/gm, '')
    .replaceAll("'backups", "folder + '/backups")
  const run = new Function('main', 'fleet', 'verify', 'folder', 'console', `return (async () => {${body}})()`)
  const fleet = emulator.client({ ...QUICK, rateLimit: false }).fleet()
  await run(main, fleet, verify, folder, { log: () => undefined })
  assert.ok((await verify(join(folder, 'backups'))).ok)
})
