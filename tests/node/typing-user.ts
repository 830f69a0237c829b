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
  Xano,
  XanoError,
  parseTime,
  scriptText,
  type CallOptions,
  type ClientEvent,
  type ClientOptions,
  type InstallToken,
  type InstanceInfo,
  type Me,
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
