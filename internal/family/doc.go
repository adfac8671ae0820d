// Package family keeps which image of a family is the golden one: the one that new servers are made from. A family
// is a name that images carry in a tag; which of them is golden stands here, for each environment, with who made it
// so and what was golden before. It knows nothing of AWS.
//
// The golden images stand in one hash, {prefix}:families, a field for each environment and family; what was golden
// before stands in a list of the family's own, {prefix}:family:<environment>/<family>, newest first. Nothing else
// writes to them. One script moves a pointer, and only from the revision that whoever moves it has seen.
package family
