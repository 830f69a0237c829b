// P6: small answers, 32 calls at once. Each side answers what makes one call.
import { HEADERS, TOKEN, lanes, ours } from '../harness.mjs'

const sides = {
  async ours({ url, atOnce }) {
    const { Instance } = await ours()
    const instance = new Instance(url, { token: TOKEN, concurrency: atOnce })
    return () => instance.me()
  },

  // What Node brings along; connections are kept.
  async fetch({ url }) {
    return async () => (await fetch(`${url}/auth/me`, { headers: HEADERS })).json()
  },

  // The same engine without the web's streams and headers.
  async undici({ url, atOnce }) {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ connections: atOnce })
    return async () => (await request(`${url}/auth/me`, { headers: HEADERS, dispatcher })).body.json()
  },

  async axios({ url }) {
    const { default: axios } = await import('axios')
    const client = axios.create({ baseURL: url, headers: HEADERS, proxy: false })
    return async () => (await client.get('/auth/me')).data
  },

  async '@xano/js-sdk'({ url }) {
    const { XanoNodeClient } = await import('@xano/js-sdk')
    const client = new XanoNodeClient({ apiGroupBaseUrl: url, authToken: TOKEN })
    return async () => (await client.get('/auth/me')).getBody()
  },

  async impit({ url }) {
    const { Impit } = await import('impit')
    const client = new Impit({ headers: HEADERS })
    return async () => (await client.fetch(`${url}/auth/me`)).json()
  },
}

export const subject = {
  sides,
  warm: 640,
  drive: (call, { atOnce }, calls) => lanes(call, atOnce, calls, (me) => me.name === 'Robin Example'),
}
