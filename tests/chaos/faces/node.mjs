// The Node face under chaos: a chain of promises for each lane, and a line of JSON for each case.
import { readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'

import { Instance, Xano, XanoError } from 'xano-metadata'

const ROWS = 60
const SNIPPET = 'chaos'

/** Options under which a broken call is over soon. The window is what a 429 without `Retry-After` waits for. */
const options = (lane, client) => ({
  token: lane.token,
  ambientCredentials: false,
  backoff: 1,
  maxBackoff: 5,
  connectTimeout: 500,
  readTimeout: 700,
  longReadTimeout: 700,
  timeout: 5000,
  rateLimit: { requests: 100_000, per: 100 },
  allowHttp: true,
  ...(client === 'untrusted' ? {} : { caFile: lane.ca_file }),
})

/** Tells the lane where we are. */
function control(lane, order) {
  return new Promise((resolve, reject) => {
    const socket = createConnection(lane.port, '127.0.0.1')
    socket.on('error', reject).on('end', resolve).resume()
    socket.write(`GET /_chaos/${order} HTTP/1.1\r\nhost: lane\r\n\r\n`)
  })
}

async function collect(list) {
  const numbers = []
  for await (const row of list) numbers.push(row.n)
  return numbers
}

/** The account API: an install token, all snippets, or one. */
async function account(xano, { index, number }) {
  const snippet = xano.snippet(SNIPPET)
  if (index % 3 === 2) return (await snippet.tokens.create({ max_installs: number })).max_installs
  if (index % 3 === 1) return (await snippet.get()).canonical
  return new Set((await xano.snippets.list().all()).map(({ canonical }) => canonical)).size
}

/** Makes the call of a case. */
async function one(lane, client, c) {
  if (client instanceof Xano) return account(client, c)
  const workspace = client.workspace(lane.workspace)
  const table = workspace.table(lane.table)
  const record = table.record(c.record)
  switch (lane.class) {
    case 'read':
      return (await record.get()).n
    case 'list':
      return collect(
        c.index % 2 === 0
          ? table.records.list({ per_page: 10 })
          : table.records.search({ sort: { id: 'asc' }, per_page: 10 }),
      )
    case 'create':
      return (await table.records.create({ mark: c.mark, n: c.index })).id
    case 'update':
      return (await record.update({ n: c.number })).n
    case 'patch':
      return (await table.records.updateMany({ items: [{ row_id: c.record, updates: { n: c.number } }] })).success_total
    case 'delete':
      return record.delete()
    case 'upload':
      return (await workspace.files.upload({ content: { content: Buffer.alloc(30_000, 'x'), name: `${c.mark}.bin` } }))
        .size
    case 'download':
      return client
        .workspace(lane.exported)
        .export()
        .saveTo(join(lane.folder, String(c.index)))
    case 'load': {
      const rows = Array.from({ length: ROWS }, (_, n) => ({ mark: `${c.mark}-${String(n)}`, n }))
      return (await table.records.insert(rows, { batchRows: 15, settle: 20 })).inserted
    }
    default:
      return collect(table.records.iter({ pageSize: 10, prefetch: 3 }))
  }
}

function told(error) {
  const text = String(error)
  if (!(error instanceof XanoError)) return { code: 'internal_error', text }
  const { code, status, outcomeUnknown, report } = error
  return { code, status, outcome_unknown: outcomeUnknown, text, inserted: report?.inserted ?? null }
}

/** Runs the cases of a lane, one after the other. */
async function run(lane, number) {
  let clients = {}
  let epoch
  for (const c of lane.cases) {
    if (c.epoch !== epoch) {
      epoch = c.epoch
      clients = {}
    }
    const url = lane.urls[c.client]
    const settings = options(lane, c.client)
    const client = (clients[c.client] ??=
      lane.class === 'account' ? new Xano({ ...settings, accountUrl: url }) : new Instance(url, settings))
    // Only to have a connection lying about; on a busy machine it may be too slow, which is judged nowhere.
    if (c.warm) await client.me().catch(() => undefined)
    await control(lane, `begin/${String(c.index)}`)
    let outcome
    try {
      outcome = { ok: true, value: (await one(lane, client, c)) ?? null }
    } catch (error) {
      outcome = { ok: false, error: told(error) }
    }
    console.log(JSON.stringify({ lane: number, case: c.index, ...outcome }))
    await control(lane, 'end')
  }
}

await Promise.all(JSON.parse(readFileSync(0, 'utf8')).lanes.map(run))
