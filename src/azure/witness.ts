import type { PipelinePolicy } from '@azure/core-rest-pipeline'

/** Remembers what went wrong below the sign-in library, which does not always say. */
export interface Witness {
  policy: PipelinePolicy
  /** The last failure since the last good answer: an error of the connection, or a refusal with its text. */
  failure(): Error | undefined
}

/** More of an answer than this is not remembered. */
const TEXT_LIMIT = 4000

export function createWitness(): Witness {
  let failure: Error | undefined
  return {
    failure: () => failure,
    policy: {
      name: 'witness',
      sendRequest: async (request, next) => {
        try {
          const response = await next(request)
          failure =
            response.status < 400 ? undefined : new Error(refusal(response.status, response.bodyAsText))
          return response
        } catch (error) {
          failure = error instanceof Error ? error : new Error(String(error))
          throw error
        }
      },
    },
  }
}

function refusal(status: number, body: string | null | undefined): string {
  try {
    const { error_description: description } = JSON.parse(body ?? '') as { error_description?: unknown }
    if (typeof description === 'string') return description.slice(0, TEXT_LIMIT)
  } catch {
    // Not what Entra ID sends; a proxy's page, say.
  }
  return `HTTP ${status}`
}
