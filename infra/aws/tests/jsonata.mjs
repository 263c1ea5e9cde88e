// Evaluates a state machine's expression. usage: node jsonata.mjs EXPRESSION STATES, the second as JSON
import { createRequire } from 'node:module'

const packages = createRequire(new URL('../../e2e/package.json', import.meta.url))
const jsonata = createRequire(packages.resolve('asl-validator'))('jsonata')
const [expression, states] = process.argv.slice(2)
console.log(JSON.stringify(await jsonata(expression).evaluate({}, { states: JSON.parse(states) })))
