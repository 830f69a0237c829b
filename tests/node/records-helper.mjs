// What the scenarios of records need besides the general helpers.
import { Column } from 'xano-metadata'

let tables = 0

/** A new table with these columns behind its id, in the first workspace. */
export async function makeTable(emulator, columns, name = `table${(tables += 1)}`) {
  const workspace = emulator.instance().workspace(1)
  const { id } = await workspace.tables.create({ name, schema: [Column.int('id'), ...columns] })
  return workspace.table(id)
}

/** Random numbers that a seed repeats: mulberry32, from 0 up to 1. */
export function seeded(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    /** A whole number from `low` to `high`, both included. */
    whole: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (list) => list[Math.floor(next() * list.length)],
    chance: (share) => next() < share,
  }
}
