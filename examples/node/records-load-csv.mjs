// A large CSV file into a table, so that it can be stopped and started again.
//
//   node records-load-csv.mjs INSTANCE products.csv
//
// Kill it and start it again: it goes on where it was, and no row is lost or doubled. Rows that the table does not take
// come back with their line and the reason; the others are loaded.
// @ts-check
import { RecordError, Xano } from 'xano-metadata'

const [instance, file] = process.argv.slice(2)
if (!instance || !file) {
  console.error('node records-load-csv.mjs INSTANCE products.csv')
  process.exit(1)
}
const products = new Xano().instance(instance).workspace('Main').table('product').records

// Ctrl-C ends it cleanly; the checkpoint stays.
const controller = new AbortController()
process.once('SIGINT', () => controller.abort())

try {
  const report = await products.upsert(file, {
    key: 'sku', // rows that are there already are brought up to date
    onError: 'collect',
    checkpoint: `${file}.checkpoint`,
    signal: controller.signal,
    onProgress: ({ rows, rate }) => process.stderr.write(`\r${rows} rows, ${rate.toFixed()} a second`),
  })
  console.log(`${report.inserted} new, ${report.updated} changed, ${report.failed} refused`)
  for (const { row, column, reason } of report.failures.slice(0, 10)) console.log(`  row ${row}: ${column}: ${reason}`)
} catch (error) {
  if (!(error instanceof RecordError)) throw error
  console.error(`\nstopped: ${error.message}`)
  process.exitCode = 1
}
