// An endpoint for scenarios of WeWeb, Make and the like: it sells install tokens of a snippet, and tells how many are used.
// The tokens of Xano stay on this server; a scenario holds an API key of its own, which can do nothing else.
//
//   SHOP_API_KEYS=key-of-make,key-of-weweb XANO_TOKEN=… node endpoint.mjs
//
//   POST /sales   X-Api-Key: …   {"tier": "team", "buyer": "ada@example.com", "order": "inv-17"}
//   GET  /usage   X-Api-Key: …
//
// It needs nothing but Node. In Express the same function is a middleware: app.use('/shop', endpoint({ shop, keys })).
// @ts-check
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

import { Xano, XanoError } from 'xano-metadata'

const LARGEST_BODY = 10_000

/** What the caller did wrong. */
class Refusal extends Error {
  /** @param {number} status @param {string} message @param {Record<string, string>} [headers] */
  constructor(status, message, headers = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/**
 * A request handler.
 *
 * @param {{ shop: import('xano-metadata').Shop, keys: string[], limit?: { requests: number, per: number } }} options - The shop,
 *   the API keys, and how many requests a key may make in so many milliseconds.
 * @returns {import('node:http').RequestListener}
 */
export function endpoint({ shop, keys, limit = { requests: 30, per: 60_000 } }) {
  const hashed = keys.filter(Boolean).map(hash)
  if (!hashed.length) throw new Error('There are no API keys, so nobody could use the endpoint.')
  /** When each key was used. @type {number[][]} */
  const used = hashed.map(() => [])

  /** @param {import('node:http').IncomingMessage} request */
  function admit(request) {
    const given = hash(String(request.headers['x-api-key'] ?? ''))
    // Every key is compared, in the same time whatever it holds.
    const known = hashed.map((key) => timingSafeEqual(key, given)).indexOf(true)
    if (known < 0) throw new Refusal(401, 'The API key is missing or unknown.')
    const now = Date.now()
    const recent = used[known].filter((at) => at > now - limit.per)
    used[known] = recent
    if (recent.length >= limit.requests) {
      const wait = Math.ceil((recent[0] + limit.per - now) / 1000)
      throw new Refusal(429, 'Too many requests.', { 'Retry-After': String(Math.max(wait, 1)) })
    }
    recent.push(now)
  }

  /** @param {import('node:http').IncomingMessage} request @returns {Promise<[number, object]>} */
  async function answer(request) {
    admit(request)
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/sales' && request.method === 'POST') {
      const { tier, buyer, order } = await body(request)
      // The order makes a repeated request harmless: scenarios try again, and get the same sale.
      const fits = (/** @type {unknown} */ text) => typeof text === 'string' && text.length > 0 && text.length <= 200
      if (![tier, buyer, order].every(fits)) {
        throw new Refusal(400, 'A sale needs the texts tier, buyer and order, of 200 characters at most.')
      }
      if (!(await shop.tiers()).some(({ name }) => name === tier)) throw new Refusal(400, 'There is no such tier.')
      const sale = await shop.sell(tier, { buyer, order })
      return [
        sale.again ? 200 : 201,
        { order, token: sale.token, instructions: sale.instructions, installs: sale.installs },
      ]
    }
    if (pathname === '/usage' && request.method === 'GET') {
      const { sales, failures } = await shop.usage()
      const rows = sales.map(({ order, tier, buyer, state, installs, used }) => ({
        order,
        tier,
        buyer,
        state,
        installs,
        used,
      }))
      return [failures.length ? 207 : 200, { sales: rows }]
    }
    throw new Refusal(404, 'There are POST /sales and GET /usage.')
  }

  return async (request, response) => {
    let status = 500
    /** @type {Record<string, string>} */
    let headers = {}
    let content = {}
    try {
      ;[status, content] = await answer(request)
    } catch (error) {
      if (error instanceof Refusal) {
        ;({ status, headers } = error)
        content = { error: error.message }
      } else {
        // What went wrong between this server and Xano is for the log, not for the caller.
        console.error(error)
        status = error instanceof XanoError ? 502 : 500
        content = { error: 'Try again later.' }
      }
    }
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers })
    response.end(JSON.stringify(content))
  }
}

/** @param {string} text */
function hash(text) {
  return createHash('sha256').update(text).digest()
}

/** @param {import('node:http').IncomingMessage} request */
async function body(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > LARGEST_BODY) throw new Refusal(413, 'The body is too large.', { Connection: 'close' })
    chunks.push(chunk)
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString())
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Told below.
  }
  throw new Refusal(400, 'The body must be a JSON object.')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const shop = new Xano().shop(process.env.SHOP_FILE ?? 'shop.db')
  const server = createServer(endpoint({ shop, keys: (process.env.SHOP_API_KEYS ?? '').split(',') }))
  // Behind a proxy that speaks https; never on the open net by itself.
  server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
    const address = server.address()
    console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
  })
}
