package policy

import (
	"errors"
	"maps"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// view shows the facts to a condition. Every time is told in UTC, so that no machine's own zone matters.
func (f Facts) view() (cel.Activation, error) {
	at := f.At.UTC()
	return cel.FunctionVars(map[string]any{
		"kind": f.Kind, "environment": f.Environment, "target": f.Target, "user": f.User,
		"tags": textsOf(f.Tags), "args": textsOf(f.Args), "alarms": f.Blast.Alarms, "groups": f.Groups,
		"instances": f.Blast.Instances, "percent": f.Blast.Percent, "capacity_down": f.Blast.CapacityDown,
		"data_lost": f.Blast.DataLost, "irreversible": f.Blast.Irreversible,
		"undo": f.Undo, "break_glass": f.BreakGlass, "at": at,
	}, map[string]cel.LateBoundFunction{
		"hour":    clockOf(at, func(t time.Time) ref.Val { return types.Int(t.Hour()) }),
		"minute":  clockOf(at, func(t time.Time) ref.Val { return types.Int(t.Minute()) }),
		"weekday": clockOf(at, func(t time.Time) ref.Val { return types.String(t.Weekday().String()[:3]) }),
		"between": func(_ string, a ...ref.Val) ref.Val {
			yes, err := between(at, text(a[0]), text(a[1]), text(a[2]))
			return valueOf(types.Bool(yes), err)
		},
	})
}

// clockOf reads something from the clocks of a zone.
func clockOf(at time.Time, read func(time.Time) ref.Val) cel.LateBoundFunction {
	return func(_ string, zone ...ref.Val) ref.Val {
		t, err := in(at, text(zone[0]))
		return valueOf(read(t), err)
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

// text is a text of CEL; types were checked when the condition was read.
func text(v ref.Val) string {
	s, _ := v.Value().(string)
	return s
}

// valueOf is a value, or the error that there is in its place.
func valueOf(v ref.Val, err error) ref.Val {
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// texts are tags or arguments: one that is missing is an empty text, though it is not in them.
type texts struct {
	traits.Mapper
	of map[string]string
}

func textsOf(m map[string]string) texts {
	return texts{Mapper: types.NewStringStringMap(types.DefaultTypeAdapter, m), of: m}
}

// Find is the text of that name.
func (t texts) Find(name ref.Val) (ref.Val, bool) { return types.String(t.of[text(name)]), true }

// Get is the text of that name.
func (t texts) Get(name ref.Val) ref.Val { return types.String(t.of[text(name)]) }

// Iterator goes through the names in their order: in that of Go's maps a condition could mean another thing each
// time.
func (t texts) Iterator() traits.Iterator {
	names := types.NewStringList(types.DefaultTypeAdapter, slices.Sorted(maps.Keys(t.of)))
	return names.Iterator()
}
