import { randomUUID } from 'node:crypto'
import type { Reply } from './types.ts'

export type OperationState = 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled'

/** An operation that runs in Azure until somebody ends it, or it has been looked at often enough. */
export interface RunningOperation {
  id: string
  state: OperationState
  /** In percent, told to those who poll. */
  percent: number | undefined
  error: { code: string; message: string } | undefined
  startedAt: Date
  /** Ends it; a second end is none. */
  end: (state: OperationState, error?: { code: string; message: string }) => void
  ended: Promise<OperationState>
}

export interface OperationSpec {
  /** Ends well after so many looks. Default: only when `end` is called. */
  looks?: number
  /** Runs once at its end, before anybody can see that. */
  onEnd?: (state: OperationState) => void
}

export interface Operations {
  start: (spec?: OperationSpec) => RunningOperation
  get: (id: string) => RunningOperation | undefined
  /** What a poller gets: counts as a look. */
  look: (id: string) => Reply
  all: () => RunningOperation[]
}

export function createOperations(pollSeconds: () => number): Operations {
  const operations = new Map<string, RunningOperation & { looksLeft: number }>()
  const start = (spec: OperationSpec = {}): RunningOperation => {
    const { promise, resolve } = Promise.withResolvers<OperationState>()
    const operation: RunningOperation & { looksLeft: number } = {
      id: randomUUID(),
      state: 'InProgress',
      percent: undefined,
      error: undefined,
      startedAt: new Date(),
      ended: promise,
      looksLeft: spec.looks ?? Number.POSITIVE_INFINITY,
      end: (state, error) => {
        if (operation.state !== 'InProgress') return
        operation.error = error
        spec.onEnd?.(state)
        operation.state = state
        resolve(state)
      },
    }
    operations.set(operation.id, operation)
    return operation
  }
  const look = (id: string): Reply => {
    const operation = operations.get(id)
    if (operation === undefined) {
      return {
        status: 404,
        body: { error: { code: 'NotFound', message: `The operation ${id} was not found.` } },
      }
    }
    operation.looksLeft -= 1
    if (operation.looksLeft < 0) operation.end('Succeeded')
    const { state, percent, error, startedAt } = operation
    return {
      status: 200,
      headers: state === 'InProgress' ? { 'retry-after': String(pollSeconds()) } : {},
      body: {
        name: id,
        status: state,
        startTime: startedAt.toISOString(),
        ...(percent === undefined ? {} : { percentComplete: percent }),
        ...(state === 'InProgress' ? {} : { endTime: new Date().toISOString() }),
        ...(error === undefined ? {} : { error }),
      },
    }
  }
  return { start, look, get: (id) => operations.get(id), all: () => [...operations.values()] }
}
