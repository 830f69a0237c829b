// How one side of one subject is measured inside a process of its own; the twin of bench/python/harness.py.
//
// A side is a function of the task that answers what does the work. Setting up and warming up are not measured; what is
// measured is processor time of the whole process, all threads, its own and the kernel's on its behalf.
import { readFileSync, writeFileSync } from 'node:fs'

export const TOKEN = 'bench'
export const HEADERS = { Authorization: `Bearer ${TOKEN}` }
export const PAGE_SIZE = 1000
export const TABLE = '/workspace/1/table/1'

/** Our package as users get it; the guard names the one that was just built. */
export const ours = () => import(process.env.BENCH_OURS ?? 'xano-metadata')

/** Bytes of memory: `VmRSS` now, `VmHWM` at the peak. */
function memory(name) {
  try {
    const line = readFileSync('/proc/self/status', 'utf8')
      .split('\n')
      .find((each) => each.startsWith(name))
    return Number(line.split(/\s+/)[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

function forgetPeak() {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // Where the system cannot do that, the peak is that of the whole run.
  }
}

/** Does the work and says what it cost, in seconds and bytes. */
export async function measure(subject, side, task) {
  const work = await subject.sides[side](task)
  if (subject.warm) await subject.drive(work, task, subject.warm)
  globalThis.gc?.()
  forgetPeak()
  const before = memory('VmRSS')
  const wall = performance.now()
  const cpu = process.cpuUsage()
  const outcome = await subject.drive(work, task, task.units)
  const used = process.cpuUsage(cpu)
  const seconds = (performance.now() - wall) / 1000
  const peak = memory('VmHWM')
  const done = subject.count ? subject.count(outcome) : outcome
  if (done !== task.units) throw new Error(`${done} units were done instead of ${task.units}`)
  return { cpu: (used.user + used.system) / 1e6, wall: seconds, memory: peak, memory_over: peak - before }
}

/** So many lanes that each make one call after the other; answers how many calls `good` liked. */
export async function lanes(call, atOnce, calls, good) {
  let left = calls
  let seen = 0
  const lane = async () => {
    while (left-- > 0) if (good(await call())) seen++
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return seen
}
