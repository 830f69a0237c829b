// What a user writes, type-checked strictly as an ES module and as CommonJS by typing.test.mjs. It is not run.
import {
  ApiError,
  Column,
  Index,
  Instance,
  NotFoundError,
  Page,
  Pager,
  RateLimit,
  RecordError,
  Xano,
  XanoError,
  field,
  parseTime,
  scriptText,
  where,
  type CallOptions,
  type ClientEvent,
  type ClientOptions,
  type InstallToken,
  type InstanceInfo,
  type JobProgress,
  type LoadOptions,
  type LoadReport,
  type Me,
  type RecordReader,
  type RecordsResource,
  type Rows,
  type Search,
  type Snippet,
  type SnippetTokensCreateParams,
  type Stats,
} from 'xano-metadata'
import { Emulator, type EmulatorOptions } from 'xano-metadata/testing'

const options: ClientOptions = {
  token: process.env.XANO_TOKEN,
  rateLimit: RateLimit.perMinute(60),
  timeout: 5000,
  onEvent: (event: ClientEvent) => {
    console.log(event.message, event.elapsed?.toFixed(1))
  },
}

export async function account(): Promise<string> {
  const xano = new Xano(options)
  const me: Me = await xano.me()
  const id: number | string = me.id
  const role: unknown = typeof me.extras === 'string' ? JSON.parse(me.extras) : me.extras.instance

  const pager: Pager<InstanceInfo> = xano.instances.list()
  const first: Page<InstanceInfo> = await pager
  const plan: string | null | undefined = first.items[0]?.plan
  const next: number | null = first.nextPage
  for await (const info of pager) console.log(info.name, info.meta_api.length, parseTime(info.created_at))
  for await (const page of xano.snippets.list({ page: 2 }).pages()) {
    for (const snippet of page) console.log(snippet.canonical)
  }
  const snippets: Snippet[] = await xano.snippets.list().all()

  const snippet = xano.snippet(snippets[0]?.canonical ?? '')
  const params: SnippetTokensCreateParams = { max_installs: 5 }
  const call: CallOptions = { signal: AbortSignal.timeout(1000), maxRetries: 0, headers: { 'X-Trace': '1' } }
  const token: InstallToken = await snippet.tokens.create(params, call)
  await snippet.update({ install_access: 'token', install_access_description: '' })
  const nothing: undefined | void = await snippet.token(token.token).delete()

  // @ts-expect-error only these three words
  await snippet.update({ install_access: 'nobody', install_access_description: '' })
  // @ts-expect-error a required field is missing
  await snippet.tokens.create({})
  // @ts-expect-error there is no such parameter
  xano.snippets.list({ pag: 1 })
  // @ts-expect-error there is no such option
  new Xano({ tokn: 'x' })
  // @ts-expect-error null is not undefined
  xano.snippets.list({ page: null })

  const stats: Stats = xano.stats()
  xano.close()
  return [id, role, plan, next, nothing, stats.requests, token.max_installs].join()
}

export async function instance(): Promise<void> {
  const direct = new Instance('https://x1234.n7.xano.io', { token: 'x', readOnly: true })
  const named = new Xano().instance('x1234-5678-9012')
  const me = await named.me()
  const answer = await direct.request<{ a: number }>('GET', '/workspace/1', { query: { a: [1, 2] } })
  console.log(me.name, answer.a, scriptText('x'), await direct.baseUrl())
}

export async function errors(xano: Xano): Promise<string | null> {
  try {
    await xano.snippet('x').get()
  } catch (error) {
    if (error instanceof NotFoundError) return error.operation
    if (error instanceof ApiError) return String(error.status.toFixed() + (error.param ?? ''))
    if (error instanceof XanoError) return `${error.code} ${String(error.retryAfter)} ${String(error.outcomeUnknown)}`
    throw error
  }
  return null
}

export async function emulated(settings: EmulatorOptions): Promise<void> {
  const emulator = await Emulator.start(settings)
  await emulator.install('x', 'token')
  const [request] = await emulator.requests()
  console.log(request?.method, (await emulator.client().me()).email, emulator.token.length)
  await emulator.faults({ kind: 'latency', ms: 5 })
  await emulator.stop()
}

export async function made(instance: Instance): Promise<string> {
  const table = instance.workspace(1).table('things')
  const read: Column = (await table.columns.list().all())[0] as Column
  await table.columns.add(Column.text('sku', { required: true, format: 'plaintext' }))
  await table.columns.add(read)
  // @ts-expect-error a reference needs its table
  Column.tableref('customer')
  // @ts-expect-error vectors have no usual distance
  Index.vector('meaning')
  const index = await table.indexes.add(Index.btree('a', ['b', 'desc']))
  await table.columns.edit((draft) => {
    draft.push(Column.tableref('customer', { tableref_id: 7 }))
  })
  await instance.workspace(1).tables.create({ name: 'x', schema: [Column.int('id')], index: [Index.unique('id')] })
  return index.id
}

interface Order {
  id: number
  status: 'new' | 'paid' | 'sent'
  price: number
  note: string | null
  tags: string[]
  address: { city: string }
  at: number
}

export async function reads(instance: Instance): Promise<number> {
  const { records } = instance.workspace(1).table('orders')
  const search: Search<Order> = where<Order>({
    status: { in: ['new', 'paid'] },
    price: { gt: 70, lte: 900n },
    note: null,
    tags: 'gift',
    at: { lt: new Date() },
    'address.city': 'Ghent',
  })
  const either = field<Order>('price').gt(5).or({ status: 'sent' }).or(field<Order, 'note'>('note').eq(null))
  const anything = where({ whatever: 1, other: { gte: '2024-01-01' } }).and(field('a.b').ne(true))
  // @ts-expect-error there is no such column
  where<Order>({ prize: 5 })
  // @ts-expect-error a status is one of three words
  where<Order>({ status: 'lost' })
  // @ts-expect-error a price is a number
  where<Order>({ price: { gt: '70' } })
  // @ts-expect-error there is no such operator
  where<Order>({ price: { gtt: 70 } })
  // @ts-expect-error nothing is greater than null
  where<Order>({ note: { gt: null } })
  // @ts-expect-error a price is never null
  where<Order>({ price: null })
  // @ts-expect-error there is no such column
  field<Order>('prize')
  // @ts-expect-error a note is text
  field<Order, 'note'>('note').gt(5)

  const reader: RecordReader<Order> = records.iter<Order>({ search, pageSize: 100 })
  let total = 0
  for await (const order of reader) total += order.price
  for await (const page of reader.pages()) total += page.items.length + (page.total ?? 0)
  for await (const order of reader.toReadableStream()) total += order.price
  for await (const chunk of reader.arrowChunks({ datetimes: true })) total += chunk.byteLength
  const all: Order[] = await records.toArray<Order>({ search: either })
  const loose: Record<string, unknown>[] = await records.toArray({ search: [...anything, { 'x|like': '%y' }] })
  const bytes: Uint8Array = await records.toArrow({ columns: ['id', 'price'], decimals: 'text', limit: 10 })
  // @ts-expect-error there is no such option
  records.iter({ pagesize: 5 })
  // @ts-expect-error there is no such order
  records.iter({ order: 'random' })
  await records.updateWhere({ search, updates: { status: 'sent' } })
  await records.deleteWhere({ search: either })
  return total + all.length + loose.length + bytes.length
}

export async function writes(records: RecordsResource, other: RecordsResource): Promise<LoadReport | null> {
  const options: LoadOptions = {
    key: 'sku',
    onError: 'collect',
    checkpoint: new URL('file:///tmp/x'),
    onProgress: ({ rows, remaining }: JobProgress) => {
      console.log(rows.toFixed(), remaining?.toFixed())
    },
    signal: AbortSignal.timeout(1000),
  }
  async function* generated(): AsyncGenerator<{ sku: string; n: bigint }> {
    yield await Promise.resolve({ sku: 'a', n: 1n })
  }
  const sources: Rows[] = [[{ a: 1 }], generated(), new Set([{ a: 1 }]), 'rows.csv', new URL('file:///rows.ndjson')]
  for (const rows of sources) await records.insert(rows, options)
  await records.upsert(records.iter<Order>().toReadableStream(), { key: 'sku' })
  await records.update([{ id: 1, n: null }])
  await records.delete([1, 2n, '0b3cf5d6-1c2e-4f0a-9d8e-7a6b5c4d3e2f', { id: 4 }])
  // @ts-expect-error a row is an object
  await records.insert([1, 2])
  // @ts-expect-error there is no such word
  await records.insert([], { onError: 'skip' })
  await records.export<Order>('orders.csv', { search: { 'price|>': 5 }, format: 'csv', onProgress: console.log })
  try {
    return await records.copyTo(other, { create: true, keepIds: true, action: 'upsert', toDataSource: 'test' })
  } catch (error) {
    if (error instanceof RecordError) console.log(error.row?.toFixed(), error.column?.length, error.outcomeUnknown)
    if (error instanceof XanoError) return error.report
    throw error
  }
}
