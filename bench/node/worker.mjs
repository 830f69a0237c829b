// One side of one subject in a process of its own: node worker.mjs SUBJECT SIDE --url URL --units N [--at-once N]
// Prints the figures as JSON.
import { parseArgs } from 'node:util'

import { measure } from './harness.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string' },
    units: { type: 'string' },
    'at-once': { type: 'string', default: '1' },
    folder: { type: 'string', default: '.' },
  },
})
const [name, side] = positionals
const { subject } = await import(`./subjects/${name.replaceAll('_', '-')}.mjs`)
const task = { url: values.url, units: Number(values.units), atOnce: Number(values['at-once']), folder: values.folder }
console.log(JSON.stringify(await measure(subject, side, task)))
// Kept connections of some sides would keep the process.
process.exit(0)
