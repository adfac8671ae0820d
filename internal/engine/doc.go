// Package engine runs workflows: it takes turns from the ledger, gives each to the workflow of its kind,
// and writes down what the step decided. It knows nothing of what the steps do.
package engine
