/** Runs steps one after another, prints how long each took, and counts them. */
export interface Steps {
  /** Prints what a step returns beside its time. */
  step: (name: string, act: () => Promise<string | void>) => Promise<void>;
  /** Prints the counts. Returns the number of failures. */
  end: () => number;
}

export function steps(): Steps {
  let passed = 0;
  let failed = 0;
  return {
    async step(name, act) {
      const started = Date.now();
      const seconds = () => ((Date.now() - started) / 1000).toFixed(1).padStart(6);
      try {
        const seen = await act();
        passed++;
        console.log(`ok     ${seconds()} s  ${name}${seen ? `: ${seen}` : ''}`);
      } catch (error) {
        failed++;
        console.log(`FAILED ${seconds()} s  ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    end() {
      console.log(`${passed} passed, ${failed} failed`);
      return failed;
    },
  };
}
