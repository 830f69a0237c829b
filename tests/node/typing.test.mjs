// The declarations: a user's strict program compiles against what is built, as an ES module and as CommonJS, and so do
// the examples.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'

import { ROOT } from './helper.mjs'

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** A project that has this package among its dependencies, with these files in it. */
function project(files) {
  const folder = join(ROOT, 'target', 'typing')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
  symlinkSync(ROOT, join(folder, 'node_modules', 'xano-metadata'), 'dir')
  symlinkSync(join(ROOT, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'), 'dir')
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  for (const [name, from] of Object.entries(files)) cpSync(from, join(folder, name))
  return folder
}

test("a user's strict program compiles as an ES module and as CommonJS, and the examples too", () => {
  const user = join(ROOT, 'tests', 'node', 'typing-user.ts')
  const examples = join(ROOT, 'examples', 'node')
  const files = { 'user.mts': user, 'user.cts': user }
  for (const name of readdirSync(examples)) files[name] = join(examples, name)
  const folder = project(files)
  // No skipLibCheck: the package's own declarations are checked as well.
  const flags = [
    '--noEmit',
    '--strict',
    '--types',
    'node',
    '--module',
    'node20',
    '--target',
    'es2022',
    '--checkJs',
    '--allowJs',
  ]
  try {
    execFileSync(process.execPath, [tsc, ...flags, ...Object.keys(files)], { cwd: folder, encoding: 'utf8' })
  } catch (error) {
    assert.fail(error.stdout)
  }
})
