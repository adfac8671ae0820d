package awssim

import (
	"cmp"
	"slices"
)

// view is what a refresh sees of its group.
type view struct {
	old      []*seat // to be replaced, the most urgent first
	held     []*seat // to be replaced, but protected or on standby
	ignored  int     // live, and to be left as they are
	warm     []*seat // new, healthy and warmed up
	starting []*seat // new and not yet there
	ending   int     // on their way out
	healthy  int     // what counts towards the minimum
	live     int
}

// look sorts the group's seats.
func (r *refresh) look() view {
	var v view
	for _, s := range r.group.seats {
		r.sort(&v, s)
	}
	count := map[string]int{}
	for _, s := range v.old {
		count[s.instance.zone]++
	}
	slices.SortStableFunc(v.old, func(a, b *seat) int {
		return cmp.Or(cmp.Compare(sick(b), sick(a)), cmp.Compare(count[b.instance.zone], count[a.instance.zone]),
			a.joined.Compare(b.joined), cmp.Compare(a.instance.id, b.instance.id))
	})
	return v
}

func sick(s *seat) int {
	if s.healthy {
		return 0
	}
	return 1
}

func (r *refresh) sort(v *view, s *seat) {
	if s.lifecycle == seatStandby {
		if s.generation < r.generation {
			r.sortStandby(v, s)
		}
		return
	}
	if !s.live() {
		v.ending++
		return
	}
	v.live++
	switch {
	case s.lifecycle == seatRootVolume:
		v.starting = append(v.starting, s)
	case s.generation >= r.generation:
		if s.ready(r) {
			v.warm = append(v.warm, s)
			v.healthy++
		} else {
			v.starting = append(v.starting, s)
		}
	default:
		if s.lifecycle == seatInService && s.healthy {
			v.healthy++
		}
		r.sortOld(v, s)
	}
}

func (r *refresh) sortStandby(v *view, s *seat) {
	switch r.standby {
	case "Terminate":
		v.old = append(v.old, s)
	case "Wait":
		v.held = append(v.held, s)
	}
}

func (r *refresh) sortOld(v *view, s *seat) {
	switch {
	case !s.protected || r.protected == "Refresh":
		v.old = append(v.old, s)
	case r.protected == "Ignore":
		v.ignored++
	default:
		v.held = append(v.held, s)
	}
}

// ready tells whether a new seat counts: in service, known to be healthy, and warmed up.
func (s *seat) ready(r *refresh) bool {
	if s.lifecycle != seatInService || !s.healthy || s.balance() != "healthy" || s.instance.wellness() != "ok" {
		return false
	}
	return s.skipped || s.warmedUp(r)
}

func (s *seat) warmedUp(r *refresh) bool {
	return !s.group.fleet.cloud.now.Before(s.inService.Add(r.warmup))
}
