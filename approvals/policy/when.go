package policy

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
)

// What a condition may cost. It loops over nothing but what the facts hold, two loops deep, so that its time is
// bounded by the size of the facts.
const (
	maxCondition = 2000  // characters
	maxNodes     = 500   // of its syntax tree
	maxLoops     = 2     // inside one another
	maxMemory    = 50000 // in the units of the expression library: elements and such
)

// condition is a compiled When.
type condition struct {
	source    string
	canonical string // the same however it was written down
	program   *vm.Program
	root      clause // for the reasons
}

// view is what a condition sees of the facts.
type view struct {
	Kind         string            `expr:"kind"`
	Environment  string            `expr:"environment"`
	Target       string            `expr:"target"`
	Tags         map[string]string `expr:"tags"`
	Args         map[string]string `expr:"args"`
	Instances    int               `expr:"instances"`
	Percent      int               `expr:"percent"`
	CapacityDown int               `expr:"capacity_down"`
	DataLost     bool              `expr:"data_lost"`
	Irreversible bool              `expr:"irreversible"`
	Alarms       []string          `expr:"alarms"`
	Groups       []string          `expr:"groups"`
	User         string            `expr:"user"`
	Undo         bool              `expr:"undo"`
	BreakGlass   bool              `expr:"break_glass"`
	At           time.Time         `expr:"at"`

	Hour        func(zone string) (int, error)                  `expr:"hour"`
	Minute      func(zone string) (int, error)                  `expr:"minute"`
	Weekday     func(zone string) (string, error)               `expr:"weekday"`
	Between     func(zone, from, to string) (bool, error)       `expr:"between"`
	MatchesGlob func(name string, pattern string) (bool, error) `expr:"matches_glob"`
}

// builtins are the functions of the expression library that a condition may use: none that reads the clock,
// none that makes much out of little.
func builtins() []string {
	return []string{"all", "any", "none", "one", "count", "len", "lower", "upper", "trim", "hasPrefix", "hasSuffix",
		"int", "float", "string", "abs", "min", "max", "date", "duration", "first", "last"}
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
	program, err := program(source)
	if err != nil {
		return nil, err
	}
	node := program.Node()
	if err := sound(node); err != nil {
		return nil, err
	}
	c := &condition{source: source, program: program, root: clauseOf(node, program)}
	ast.Walk(&node, spelling{})
	c.canonical = node.String()
	return c, nil
}

// spelling writes operators in the one of their two ways that the library knows best.
type spelling struct{}

// Visit changes one node.
func (spelling) Visit(n *ast.Node) {
	switch n := (*n).(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and":
			n.Operator = "&&"
		case "or":
			n.Operator = "||"
		}
	case *ast.UnaryNode:
		if n.Operator == "not" {
			n.Operator = "!"
		}
	}
}

func program(source string) (*vm.Program, error) {
	options := []expr.Option{expr.Env(view{}), expr.AsBool(), expr.Optimize(false), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()}
	for _, name := range builtins() {
		options = append(options, expr.EnableBuiltin(name))
	}
	return expr.Compile(source, options...)
}

// run evaluates a compiled condition; whatever goes wrong is an error.
func run(p *vm.Program, v view) (bool, error) {
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(p, v)
	if err != nil {
		return false, firstLine(err)
	}
	yes, ok := out.(bool)
	if !ok {
		return false, fmt.Errorf("it gives %T, not yes or no", out)
	}
	return yes, nil
}

// try judges the facts and says why.
func (c *condition) try(f Facts) trial {
	v := f.view()
	yes, err := run(c.program, v)
	if err != nil {
		return trial{trouble: err}
	}
	return trial{matched: yes, why: c.root.reason(v, yes)}
}

// view shows the facts to a condition. Every time is told in UTC, so that no machine's own zone matters.
func (f Facts) view() view {
	at := f.At.UTC()
	return view{
		Kind: f.Kind, Environment: f.Environment, Target: f.Target, Tags: filled(f.Tags), Args: filled(f.Args),
		Instances: f.Blast.Instances, Percent: f.Blast.Percent, CapacityDown: f.Blast.CapacityDown,
		DataLost: f.Blast.DataLost, Irreversible: f.Blast.Irreversible, Alarms: f.Blast.Alarms,
		Groups: f.Groups, User: f.User, Undo: f.Undo, BreakGlass: f.BreakGlass, At: at,
		Hour:        func(z string) (int, error) { t, err := in(at, z); return t.Hour(), err },
		Minute:      func(z string) (int, error) { t, err := in(at, z); return t.Minute(), err },
		Weekday:     func(z string) (string, error) { t, err := in(at, z); return t.Weekday().String()[:3], err },
		Between:     func(z, from, to string) (bool, error) { return between(at, z, from, to) },
		MatchesGlob: matchesGlob,
	}
}

func between(at time.Time, zone, from, to string) (bool, error) {
	local, err := in(at, zone)
	begin, err1 := parseClock(from)
	end, err2 := parseClock(to)
	if err := errors.Join(err, err1, err2); err != nil {
		return false, err
	}
	minute := clock(local.Hour()*60 + local.Minute())
	if begin <= end {
		return begin <= minute && minute < end, nil
	}
	return minute >= begin || minute < end, nil
}

// filled is the map, or an empty one: what is missing in it is an empty text.
func filled(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
