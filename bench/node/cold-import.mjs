// P11: the first import in a process that has loaded nothing else: node cold-import.mjs MODULE NAME.
//
// NAME is what a user takes from the module, so that what is only loaded on use counts as well. The clock is wall time: a
// start is something one waits for. Prints the figures as JSON.
const [, , module, name] = process.argv
const cpu = process.cpuUsage()
const wall = performance.now()
const value = (await import(module))[name]
const seconds = (performance.now() - wall) / 1000
const used = process.cpuUsage(cpu)
if (value === undefined) throw new Error(`${module} has no ${name}`)
console.log(JSON.stringify({ cpu: (used.user + used.system) / 1e6, wall: seconds }))
process.exit(0)
