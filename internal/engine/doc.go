// Package engine runs workflows: it takes turns from the ledger, gives each to the workflow of its kind,
// and writes down what the step decided. It knows nothing of what the steps do.
//
// Before the first step of an operation it asks a guard whether it may start, and again whenever one that is held is
// due. When the guard lets it go, that is written down first and the step runs after it: an operation whose first step
// may have run is neither held nor void, since nobody can say that nothing was touched.
package engine
