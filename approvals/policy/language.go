package policy

import (
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// What a condition may cost. CEL has no loops but those over lists and maps, and here only two of them inside one
// another; what a condition does with facts of any size ends with an error when it costs too much.
const (
	maxCondition = 2000   // characters
	maxNodes     = 500    // of its syntax tree, with what macros such as exists become
	maxLoops     = 2      // inside one another
	maxPattern   = 1000   // instructions that a regular expression may become
	maxCost      = 200000 // of judging it once, in the units of CEL: about one a step, more for long texts
)

// language is CEL with the variables and functions of conditions. It is the same for every condition, never
// changes, and takes a while to make.
var language = sync.OnceValues(newLanguage)

func newLanguage() (*cel.Env, error) {
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(standard())),
		cel.Macros(cel.GlobalMacro("has", 1, has)),
		variables(), functions(),
		cel.EagerlyValidateDeclarations(true),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableMacroCallTracking(), // so that what macros became can be written as it was
		cel.ParserExpressionSizeLimit(maxCondition),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxPattern),
		cel.ASTValidators(
			cel.ValidateHomogeneousAggregateLiterals(),
			cel.ValidateComprehensionNestingLimit(maxLoops),
			cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals(),
			sound{},
		),
	)
}

// standard is CEL's own library without what would put off the check of types until a condition is judged.
func standard() *env.LibrarySubset {
	return env.NewLibrarySubset().AddExcludedMacros(operators.Has).AddExcludedFunctions(env.NewFunction("dyn"), env.NewFunction("type"))
}

// has tells whether a tag or an argument is there: has(tags.tier) is "tier" in tags. CEL's own would ask for the
// value, and that is there for all of them.
func has(parts cel.MacroExprFactory, _ ast.Expr, arguments []ast.Expr) (ast.Expr, *cel.Error) {
	if arguments[0].Kind() != ast.SelectKind {
		return nil, parts.NewError(arguments[0].ID(), "has() takes what may be missing, such as has(tags.tier)")
	}
	field := arguments[0].AsSelect()
	return parts.NewCall(operators.In, parts.NewLiteral(types.String(field.FieldName())), field.Operand()), nil
}

func variables() cel.EnvOption {
	text, list, texts := cel.StringType, cel.ListType(cel.StringType), cel.MapType(cel.StringType, cel.StringType)
	return options(
		cel.Variable("kind", text), cel.Variable("environment", text), cel.Variable("target", text), cel.Variable("user", text),
		cel.Variable("tags", texts), cel.Variable("args", texts), cel.Variable("alarms", list), cel.Variable("groups", list),
		cel.Variable("instances", cel.IntType), cel.Variable("percent", cel.IntType), cel.Variable("capacity_down", cel.IntType),
		cel.Variable("data_lost", cel.BoolType), cel.Variable("irreversible", cel.BoolType),
		cel.Variable("undo", cel.BoolType), cel.Variable("break_glass", cel.BoolType), cel.Variable("at", cel.TimestampType),
	)
}

// functions are those that CEL has not. The ones that tell the time do so of the facts' own moment, so they are
// bound when a condition is judged.
func functions() cel.EnvOption {
	text := cel.StringType
	late := func(name string, result *cel.Type, parameters ...*cel.Type) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+"_at", parameters, result, cel.LateFunctionBinding()))
	}
	return options(
		late("hour", cel.IntType, text), late("minute", cel.IntType, text), late("weekday", text, text),
		late("between", cel.BoolType, text, text, text),
		cel.Function("matches_glob", cel.Overload("matches_glob_texts", []*cel.Type{text, text}, cel.BoolType, cel.BinaryBinding(matchesGlobValues))),
	)
}

func matchesGlobValues(name, pattern ref.Val) ref.Val {
	yes, err := matchesGlob(string(name.(types.String)), string(pattern.(types.String)))
	return valueOf(types.Bool(yes), err)
}

// options makes one option of several.
func options(several ...cel.EnvOption) cel.EnvOption {
	return func(e *cel.Env) (*cel.Env, error) {
		var err error
		for _, option := range several {
			if e, err = option(e); err != nil {
				return nil, err
			}
		}
		return e, nil
	}
}

// written is a part of a condition as CEL writes it: the same however it was written.
func written(part ast.Expr, info *ast.SourceInfo) string {
	text, err := cel.ExprToString(part, info)
	if err != nil { // of a tree that came from a text
		return ""
	}
	return strings.TrimSpace(text)
}
