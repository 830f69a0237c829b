// Every table of a workspace from one data source to another, for instance each night from live to test.
//
//   node records-nightly-copy.mjs INSTANCE [FROM [TO]]      default: from `live` to `test`
//
// The target is emptied first; `truncate` asks for nothing, so the names are checked here. Ids are kept, so that references
// between tables stay right.
// @ts-check
import { Xano } from 'xano-metadata'

const [instance, source = 'live', target = 'test'] = process.argv.slice(2)
if (!instance || target === 'live') {
  console.error(
    instance ? 'this example does not overwrite live records' : 'node records-nightly-copy.mjs INSTANCE [FROM [TO]]',
  )
  process.exit(1)
}
const main = new Xano().instance(instance).workspace('Main')
const labels = (await main.dataSources.list().all()).map(({ label }) => label)
if (!labels.includes(target)) await main.dataSources.create({ label: target, color: '#268bd2' })

for await (const { id, name } of main.tables.list()) {
  const table = main.table(id)
  await table.truncate({ reset: true, data_source: target })
  const report = await table.records.copyTo(table.records, { dataSource: source, toDataSource: target, keepIds: true })
  console.log(name.padEnd(12), `${report.inserted}`.padStart(7), `records in ${report.seconds.toFixed(1)} s`)
}
