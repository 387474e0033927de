/**
 * Put before the action with --require: writes to $TRACE_FILE, a line each, every address that the process
 * connects to, every name that it looks up and every file that it loads.
 */
const dns = require('node:dns')
const { appendFileSync } = require('node:fs')
const { registerHooks } = require('node:module')
const net = require('node:net')

const write = (line) => appendFileSync(process.env.TRACE_FILE, `${line}\n`)

const { value: connect } = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect')
net.Socket.prototype.connect = function traced(...args) {
  const [options] = net._normalizeArgs(Array.isArray(args[0]) ? args[0] : args)
  write(`connect ${options.path ?? `${options.host ?? 'localhost'}:${options.port}`}`)
  return connect.apply(this, args)
}

const isAddress = (name) => net.isIP(name) !== 0
for (const owner of [dns, dns.promises]) {
  const { lookup } = owner
  owner.lookup = function traced(name, ...rest) {
    if (!isAddress(name)) write(`lookup ${name}`)
    return lookup.call(this, name, ...rest)
  }
}
const { spawn } = require('node:child_process')
require('node:child_process').spawn = function traced(command, ...rest) {
  write(`spawn ${command}`)
  return spawn.call(this, command, ...rest)
}

registerHooks({
  load(url, context, next) {
    write(`load ${url}`)
    return next(url, context)
  },
})
