// P6: pages of 1,000 records as objects. Each side answers what reads so many pages from the first one on.
import { HEADERS, PAGE_SIZE, TABLE, TOKEN, ours } from '../harness.mjs'

export const pageUrl = (url, page) => `${url}${TABLE}/content?page=${page}&per_page=${PAGE_SIZE}`

/** Page after page, one on its way at a time. */
function byPage(one) {
  return async (pages) => {
    const rows = []
    for (let page = 1; page <= pages; page++) for (const row of (await one(page)).items) rows.push(row)
    return rows
  }
}

const sides = {
  async ours({ url }) {
    const { Instance } = await ours()
    const { records } = new Instance(url, { token: TOKEN }).workspace(1).table(1)
    return (pages) => records.toArray({ limit: pages * PAGE_SIZE })
  },

  async fetch({ url }) {
    return byPage(async (page) => (await fetch(pageUrl(url, page), { headers: HEADERS })).json())
  },

  async undici({ url }) {
    const { request } = await import('undici')
    return byPage(async (page) => (await request(pageUrl(url, page), { headers: HEADERS })).body.json())
  },

  async axios({ url }) {
    const { default: axios } = await import('axios')
    const client = axios.create({ headers: HEADERS, proxy: false })
    return byPage(async (page) => (await client.get(pageUrl(url, page))).data)
  },

  async '@xano/js-sdk'({ url }) {
    const { XanoNodeClient } = await import('@xano/js-sdk')
    const client = new XanoNodeClient({ apiGroupBaseUrl: url, authToken: TOKEN })
    const params = (page) => ({ page, per_page: PAGE_SIZE })
    return byPage(async (page) => (await client.get(`${TABLE}/content`, params(page))).getBody())
  },
}

/** Pages in these rows, if they are the first ones of the table and in order. */
export function count(rows) {
  const right = rows.length % PAGE_SIZE === 0 && rows.every((row, at) => row.id === at + 1)
  return right && Object.keys(rows[0]).length === 12 ? rows.length / PAGE_SIZE : -1
}

export const subject = { sides, warm: 10, drive: (read, _task, pages) => read(pages), count }
