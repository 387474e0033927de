import { connect } from '../../../src/cluster/connect.ts'
import { messageOf } from '../../../src/errors.ts'

/** Connects with the kubeconfig of the environment, in a process of its own, and prints what came of it. */
try {
  const options = { kubeconfig: '', context: '' }
  const { api, facts } = await connect(options, { environment: process.env, mask: () => {} })
  console.log(facts.kubernetesVersion)
  await api.close()
} catch (error) {
  console.log(messageOf(error))
}
