package story

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// machines is what the fleet's own page shows.
type machines struct {
	Groups []struct {
		Name     string `json:"name"`
		Template struct {
			Version any `json:"version"`
		} `json:"template"`
		Refresh *struct {
			Status string `json:"status"`
			Reason string `json:"reason"`
		} `json:"refresh"`
		Instances []struct {
			ID        string `json:"id"`
			Image     string `json:"image"`
			Lifecycle string `json:"lifecycle"`
			Health    string `json:"health"`
		} `json:"instances"`
	} `json:"groups"`
}

// group looks whether exactly so many healthy instances in service run the image: group web image ami-1 healthy 12.
func (p *Player) group(ctx context.Context, args []string) error {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return err
	}
	image, want := "", -1
	for i := 1; i+1 < len(args); i += 2 {
		switch args[i] {
		case "image":
			image = args[i+1]
		case "healthy":
			want, _ = strconv.Atoi(args[i+1])
		default:
			return fmt.Errorf("a group has an image and a number healthy, not %q", args[i])
		}
	}
	for _, g := range m.Groups {
		if g.Name != args[0] {
			continue
		}
		got := 0
		for _, i := range g.Instances {
			if i.Lifecycle == "InService" && i.Health == "Healthy" && i.Image == image {
				got++
			}
		}
		if got != want {
			return fmt.Errorf("%d instances of %s are healthy on %s, want %d", got, args[0], image, want)
		}
		return nil
	}
	return fmt.Errorf("there is no group %s", args[0])
}

// underWay are the states of a refresh that was started and has not come to an end. How long it stays in each is
// a matter of seconds, which a busy machine may sleep through.
var underWay = []string{"Pending", "InProgress"}

func (p *Player) refresh(ctx context.Context, args []string) error {
	var m machines
	if err := p.client.get(ctx, "/fleet/state", &m); err != nil {
		return err
	}
	for _, g := range m.Groups {
		if g.Name != args[0] || g.Refresh == nil {
			continue
		}
		if g.Refresh.Status != args[1] && !(args[1] == "begun" && slices.Contains(underWay, g.Refresh.Status)) {
			return fmt.Errorf("the refresh of %s is %s (%s), want %s", args[0], g.Refresh.Status, g.Refresh.Reason, args[1])
		}
		return nil
	}
	return fmt.Errorf("%s has no refresh", args[0])
}
