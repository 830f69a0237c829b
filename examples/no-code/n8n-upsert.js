// n8n, node "Code", language JavaScript, mode "Run Once for All Items". Paste this file as it is.
//
// Rows that came from a sheet, a form or another service go into a table of Xano: changed where their `sku` exists, added
// where it does not. Bad rows do not stop the others; each item comes back with what became of it.
//
// n8n has to allow the package (NODE_FUNCTION_ALLOW_EXTERNAL=xano-metadata) and to show the code its environment
// (N8N_BLOCK_ENV_ACCESS_IN_NODE=false), in which XANO_TOKEN and XANO_INSTANCE_URL stand. The token is never part of an item.
// eslint-disable-next-line @typescript-eslint/no-require-imports -- n8n knows no other way
const { Instance } = require('xano-metadata')

const instance = new Instance($env.XANO_INSTANCE_URL, { token: $env.XANO_TOKEN })
const products = instance.workspace('Main').table('product').records

const items = $input.all()
const report = await products.upsert(
  items.map((item) => item.json),
  { key: 'sku', onError: 'collect' },
)
instance.close()

const refused = new Map(report.failures.map((failure) => [failure.row - 1, failure]))
return items.map((item, index) => {
  const failure = refused.get(index)
  const outcome = failure ? { ok: false, column: failure.column, reason: failure.reason } : { ok: true }
  return { json: { ...item.json, ...outcome }, pairedItem: index }
})
