package policy

import (
	"cmp"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// condition is a compiled When.
type condition struct {
	source    string
	canonical string // the same however it was written down
	program   cel.Program
	info      *ast.SourceInfo // where its parts stand
	root      clause          // for the reasons
}

// compiled is the rule's condition, nil when it has none. One that was read from a file is compiled already.
func (r Rule) compiled() (*condition, error) {
	if r.condition != nil && r.condition.source == r.When {
		return r.condition, nil
	}
	return compile(r.When)
}

// compile checks and compiles a condition; nil for an empty one.
func compile(source string) (*condition, error) {
	if source == "" {
		return nil, nil
	}
	if len(source) > maxCondition {
		return nil, fmt.Errorf("it is longer than %d characters", maxCondition)
	}
	l, err := language()
	if err != nil {
		return nil, fmt.Errorf("make the language of conditions: %w", err)
	}
	checked, issues := l.Compile(source)
	if issues.Err() != nil {
		return nil, complaint(source, issues)
	}
	if is := checked.OutputType(); !is.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("it gives %s where it must give true or false%s", is, hint(source))
	}
	program, err := l.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize, cel.OptTrackState))
	if err != nil {
		return nil, fmt.Errorf("it cannot be used: %w", firstLine(err))
	}
	root := checked.NativeRep()
	c := clauseOf(root.Expr(), root.SourceInfo())
	return &condition{source: source, canonical: cmp.Or(c.text, source), program: program, info: root.SourceInfo(), root: c}, nil
}

// run evaluates a compiled condition; whatever goes wrong is an error. Besides whether it holds it tells what
// each of its parts gave.
func (c *condition) run(f Facts) (bool, interpreter.EvalState, error) {
	view, err := f.view()
	if err != nil {
		return false, nil, err
	}
	out, details, err := c.program.Eval(view)
	if err != nil {
		return false, nil, mishap(err, c.info)
	}
	yes, ok := out.(types.Bool)
	if !ok {
		return false, nil, fmt.Errorf("it gives %s where it must give true or false", out.Type().TypeName())
	}
	return bool(yes), details.State(), nil
}

// try judges the facts and says why.
func (c *condition) try(f Facts) trial {
	yes, state, err := c.run(f)
	if err != nil {
		return trial{trouble: err}
	}
	return trial{matched: yes, why: c.root.reason(outcome{f, state}, yes)}
}
