// The declarations: a user's strict program compiles against what is built, as an ES module and as CommonJS, and so do
// the examples and the samples in the documentation.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'

import { ROOT } from './helper.mjs'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

const FLAGS = '--noEmit --strict --types node --module node20 --target es2022 --checkJs --allowJs'.split(' ')

/** A project that has this package among its dependencies, with these files in it: by name, a path or a text. */
function project(name, files) {
  const folder = join(ROOT, 'target', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules', 'xano-metadata'), 'dir')
  for (const dependency of ['@types/node', 'apache-arrow']) {
    symlinkSync(join(ROOT, 'node_modules', dependency), join(folder, 'node_modules', dependency), 'dir')
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  for (const [file, { path, text }] of Object.entries(files)) {
    if (path === undefined) writeFileSync(join(folder, file), text)
    else cpSync(path, join(folder, file))
  }
  return folder
}

function compile(name, files, flags = []) {
  const folder = project(name, files)
  try {
    const args = [tsc, ...FLAGS, ...flags, ...Object.keys(files)]
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  } catch (error) {
    assert.fail(error.stdout)
  }
}

test("a user's strict program compiles as an ES module and as CommonJS, and the examples too", () => {
  const user = { path: join(ROOT, 'tests', 'node', 'typing-user.ts') }
  const files = { 'user.mts': user, 'user.cts': user }
  for (const folder of ['node', 'no-code']) {
    const examples = join(ROOT, 'examples', folder)
    const modules = readdirSync(examples).filter((name) => name.endsWith('.mjs'))
    for (const name of modules) files[name] = { path: join(examples, name) }
  }
  // No skipLibCheck: the package's own declarations are checked as well.
  compile('typing', files)
})

/** What the samples of a page take as given. */
const GIVEN = `
import type * as xano from 'xano-metadata'
declare global {
  interface Order { id: number; status: 'new' | 'paid' | 'sent'; total: number; created_at: number }
  const dev: xano.Instance
  const orders: xano.TableRecords
  const archive: xano.TableRecords
  const rows: xano.Rows
  const search: xano.Search<Order>
  const where: typeof xano.where
}
`

test('the samples in the documentation compile', () => {
  const text = readFileSync(join(ROOT, 'docs', 'records.md'), 'utf8')
  const samples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, sample]) => sample)
  assert.ok(samples.length > 5)
  const files = { 'given.d.mts': { text: GIVEN } }
  samples.forEach((sample, n) => (files[`sample-${n}.mts`] = { text: `${sample}\nexport {}\n` }))
  // The declarations of apache-arrow are not ours to check.
  compile('samples', files, ['--skipLibCheck'])
})
