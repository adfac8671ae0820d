package family

import (
	"context"
	"fmt"
	"strings"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/say"
)

// Parameters keeps Systems Manager parameters.
type Parameters interface {
	Parameter(ctx context.Context, name string) (fleet.Parameter, error)
	PutParameter(ctx context.Context, name, value string) (int64, error)
}

// Follower is the name of the parameter that follows a family's golden image, by a pattern with {family} in it; empty
// when no parameter follows.
func Follower(pattern, family string) string { return strings.ReplaceAll(pattern, "{family}", family) }

// Publish writes an image to the parameter that follows its family, unless that holds it already: doing it twice makes
// one version. What AWS refuses is a fault.
func Publish(ctx context.Context, in Parameters, name string, image fleet.ImageID) error {
	now, err := in.Parameter(ctx, name)
	if err == nil && now.Value == string(image) {
		return nil
	}
	if kind := fleet.KindOf(err); err != nil && kind != fleet.Absent && kind != fleet.Refused {
		return fmt.Errorf("read parameter %s: %w", name, err)
	}
	if _, err := in.PutParameter(ctx, name, string(image)); err != nil {
		if _, refused := fault.As(say.Refusal(err, "")); refused {
			return fault.New(fault.Denied, "The parameter %s was not changed. AWS says: %s", name, say.AWS(err))
		}
		return fmt.Errorf("write parameter %s: %w", name, err)
	}
	return nil
}
