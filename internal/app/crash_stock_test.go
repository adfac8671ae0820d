package app_test

import "maps"

// stock counts what there is at AWS, and what was ever asked for with an effect.
type stock map[string]int

// stocktaking counts it, of all accounts and regions.
func (tw *town) stocktaking() stock {
	s, have := tw.Cloud.State(), stock{}
	have["groups"], have["templates"] = len(s.Groups), len(s.Templates)
	for _, i := range s.Images {
		if i.State != "deregistered" { // which is shown for a while
			have["images"]++
		}
	}
	for _, t := range s.Templates {
		have["versions"] += t.Versions
	}
	for _, i := range s.Instances {
		if i.Tags["amiral:operation"] != "" && i.Group == "" && i.State != "terminated" {
			have["machines left"]++
		}
	}
	launches := map[string]bool{} // a token launches once
	for _, c := range tw.Cloud.Calls() {
		switch {
		case c.Error != "":
		case c.Action == "StartInstanceRefresh":
			have["refreshes"]++
		case c.Action == "RunInstances":
			launches[c.ClientToken] = true
		}
	}
	have["launched"] = len(launches)
	return have
}

// since is what has become more, or less.
func (s stock) since(before stock) stock {
	made := stock{}
	for what := range s {
		made[what] = s[what] - before[what]
	}
	maps.DeleteFunc(made, func(_ string, n int) bool { return n == 0 })
	return made
}
