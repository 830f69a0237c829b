#!/usr/bin/env node
/**
 * `npx xano-metadata`: the command line, which is Rust; see docs/cli.md. It keeps this thread until it ends, and takes
 * Ctrl-C by itself.
 */

import { native } from './native.js'

// A listener takes the place of Node's own handler, which would raise the signal again for as long as there is another one
// behind it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)

const addon = native()
const code = addon.commandLine(['xano-metadata', ...process.argv.slice(2)])
addon.shutdown()
process.exit(code)
