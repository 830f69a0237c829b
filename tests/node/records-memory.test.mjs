// Memory: a load from a generator and a read by a loop hold a few pages, however many rows there are. The operating system
// reports the peak of a process of its own.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { Column } from 'xano-metadata'

import { ROOT, emulate } from './helper.mjs'
import { makeTable } from './records-helper.mjs'

const ROWS = 100_000
const LIMIT = 60_000_000

const PROGRAM = `
const { Instance } = require('xano-metadata')
const { readFileSync } = require('node:fs')
const [url, token, table, rows] = process.argv.slice(1)
const peak = () => Number(/VmHWM:\\s+(\\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024
const note = 'x'.repeat(150)
function* source(count) {
  for (let n = 0; n < count; n += 1) yield { n, name: 'row ' + n, note, price: n / 7, open: n % 2 === 0, at: new Date(n) }
}
async function* awaited(count) {
  for (const row of source(count)) yield row
}
async function main() {
  const { records } = new Instance(url, { token }).workspace(1).table(Number(table))
  await records.insert(source(1))
  for await (const row of records.iter()) void row
  gc()
  const peaks = [peak()]
  await records.insert(source(Number(rows) / 2))
  await records.insert(awaited(Number(rows) / 2))
  peaks.push(peak())
  let seen = 0
  for await (const row of records.iter()) seen += row.n >= 0
  peaks.push(peak())
  console.log(JSON.stringify({ peaks, seen }))
}
main()
`

const linux = process.platform === 'linux'

test('100,000 rows in and out', { timeout: 300_000, skip: !linux && 'reads /proc' }, async (t) => {
  const emulator = await emulate(t)
  const columns = [
    Column.int('n'),
    Column.text('name'),
    Column.text('note'),
    Column.decimal('price'),
    Column.bool('open'),
    Column.timestamp('at'),
  ]
  const table = await makeTable(emulator, columns)
  const { id } = await table.get()
  const args = ['--expose-gc', '-e', PROGRAM, emulator.instanceUrl, emulator.token, String(id), String(ROWS)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT })
  const { peaks, seen } = JSON.parse(stdout)
  const [before, loaded, read] = peaks
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
  t.diagnostic(`peak before ${mb(before)}, after the load ${mb(loaded)}, after the read ${mb(read)}`)
  assert.equal(seen, ROWS + 1)
  assert.ok(loaded - before < LIMIT, `a load takes ${mb(loaded - before)}`)
  assert.ok(read - before < 2 * LIMIT, `a read takes ${mb(read - before)}`)
})
