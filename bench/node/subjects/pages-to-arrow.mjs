// P6: pages of 1,000 records as one Arrow table. Each side answers what reads so many pages from the first one on.
import { HEADERS, PAGE_SIZE, TOKEN, ours } from '../harness.mjs'
import { count as countRows, pageUrl } from './pages-to-objects.mjs'

const sides = {
  // Arrow's bytes, and the table that apache-arrow makes of them: what a reader of columns needs.
  async ours({ url }) {
    const { Instance } = await ours()
    const { tableFromIPC } = await import('apache-arrow')
    const { records } = new Instance(url, { token: TOKEN }).workspace(1).table(1)
    return async (pages) => tableFromIPC(await records.toArrow({ limit: pages * PAGE_SIZE }))
  },

  // Half the way: objects, not yet columns. This is what the bar is about.
  async 'fetch+JSON.parse'({ url }) {
    return async (pages) => {
      const rows = []
      for (let page = 1; page <= pages; page++) {
        const answer = await fetch(pageUrl(url, page), { headers: HEADERS })
        for (const row of JSON.parse(await answer.text()).items) rows.push(row)
      }
      return rows
    }
  },

  // The whole way.
  async 'fetch+tableFromJSON'({ url }) {
    const { tableFromJSON } = await import('apache-arrow')
    return async (pages) => {
      const rows = []
      for (let page = 1; page <= pages; page++) {
        const answer = await fetch(pageUrl(url, page), { headers: HEADERS })
        for (const row of (await answer.json()).items) rows.push(row)
      }
      return tableFromJSON(rows)
    }
  },
}

/** Pages in a table, if it has every column and the first rows of the server's table; objects are counted as such. */
function count(table) {
  if (Array.isArray(table)) return countRows(table)
  const ids = table.getChild('id')
  let right = table.numCols === 12 && table.numRows % PAGE_SIZE === 0
  for (let at = 0; right && at < table.numRows; at++) right = Number(ids.get(at)) === at + 1
  right &&= table.getChild('price').get(0) === 67.68
  return right ? table.numRows / PAGE_SIZE : -1
}

export const subject = { sides, warm: 10, drive: (read, _task, pages) => read(pages), count }
