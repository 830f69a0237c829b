// Loading: from both module systems, quickly, and with a clear word where there is no addon.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import * as esm from 'xano-metadata'
import * as testing from 'xano-metadata/testing'

import { ROOT } from './helper.mjs'

const require = createRequire(import.meta.url)

test('import and require give the same objects', () => {
  const cjs = require('xano-metadata')
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort())
  for (const name of Object.keys(esm)) assert.equal(esm[name], cjs[name], name)
  assert.equal(require('xano-metadata/testing').Emulator, testing.Emulator)
})

test('what bundlers are given gives the same objects, and names no file that only Node can find', () => {
  const script = `
    for (const entry of ['xano-metadata', 'xano-metadata/testing']) {
      const [esm, cjs] = [await import(entry), require(entry)]
      const names = Object.keys(cjs)
      if (!names.length || names.some((name) => esm[name] !== cjs[name])) throw new Error(entry)
      console.log(import.meta.resolve(entry))
    }`
  const program = `import { createRequire } from 'node:module'
    const require = createRequire(${JSON.stringify(import.meta.url)})\n${script}`
  const flags = ['--conditions=module', '--input-type=module', '-e', program]
  const files = execFileSync(process.execPath, flags, { cwd: ROOT, encoding: 'utf8' }).trim().split('\n')
  for (const file of files) assert.doesNotMatch(readFileSync(new URL(file), 'utf8'), /createRequire/)
  assert.equal(files.length, 2)
})

test('the error classes form one tree', () => {
  const { ApiError, ConnectionError, TimeoutError, XanoError } = esm
  for (const name of Object.keys(esm).filter((name) => /Error$|^Cancelled$/.test(name))) {
    const error = new esm[name]('message', {})
    assert.ok(error instanceof XanoError && error instanceof Error)
    assert.equal(error.name, name)
    assert.equal(String(error), `${name}: message`)
    assert.equal(error.toJSON().code, error.code)
  }
  assert.ok(new TimeoutError('x') instanceof ConnectionError)
  for (const name of ['BadRequest', 'Authentication', 'Permission', 'NotFound', 'Conflict', 'RateLimit', 'Server']) {
    assert.ok(new esm[`${name}Error`]('x') instanceof ApiError)
  }
})

test('a cold require costs less than a third of what Node itself takes to start', () => {
  // Never absolute times, and processor time, not the clock: other work on the machine slows both alike. The least of
  // 15 runs that take turns is what was disturbed least. The bench has the bar in milliseconds (P11).
  const run = (script) => {
    const tell = `const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)`
    return Number(execFileSync(process.execPath, ['-e', `${script}\n${tell}`], { cwd: ROOT, encoding: 'utf8' }))
  }
  const [bare, ours] = [[], []]
  for (let round = 0; round < 15; round++) {
    bare.push(run(''))
    ours.push(run(`require('xano-metadata')`))
  }
  const [start, both] = [Math.min(...bare), Math.min(...ours)]
  assert.ok(both - start < start / 3, `${start} ms without, ${both} ms with it`)
})

// The two roots, and the constructors that are exported as values; no family.
test('requiring the package loads no addon and no family', () => {
  const script = `
    require('xano-metadata')
    console.log(Object.keys(require.cache).filter((path) => path.endsWith('.node')).length)
    console.log(Object.keys(require.cache).filter((path) => path.includes('generated')).length)
  `
  const [addons, generated] = execFileSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' }).split(
    '\n',
  )
  assert.equal(addons, '0')
  assert.ok(Number(generated) <= 3, `${generated} generated files`)
})

test('a platform without an addon is told so', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'xano-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(join(ROOT, 'bindings-node', 'dist', 'cjs'), join(folder, 'cjs'), { recursive: true })
  const run = (platform) =>
    execFileSync(
      process.execPath,
      [
        '-e',
        `${platform}; const { Xano } = require('./cjs/index.js')
         try { new Xano('x') } catch (error) { console.log(error.name, error.message) }`,
      ],
      { cwd: folder, encoding: 'utf8' },
    )
  assert.match(run(''), /^ConfigError .*is not installed: xano-metadata-/)
  const odd = run("Object.defineProperty(process, 'platform', { value: 'sunos' })")
  assert.match(odd, /^ConfigError xano-metadata has no addon for sunos-/)
})
