package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/amiral-ops/amiral/internal/fault"
)

// Environment is an account and region that the bot works in.
type Environment struct {
	Name       string
	Region     string // empty: the SDK's own (AWS_REGION)
	Role       string // ARN of the role to assume; empty: the bot's own identity
	ExternalID string // asked for by the role's trust policy, if it does
}

// Options is how the bot talks to AWS. The zero value is right in production.
type Options struct {
	HTTPClient *http.Client  // nil: the SDK's, with a deadline for each attempt
	Timeout    time.Duration // of one call with all its attempts; zero: 30 seconds
	Log        *slog.Logger  // nil: silence

	// Observe, when set, is told of every call, role assumptions included. The error is a
	// *fleet.Error, or nil; a dry run that AWS would have allowed is no error. It is called from many
	// goroutines at once.
	Observe func(call string, took time.Duration, err error)
}

// Cloud holds a client for each environment, and for each other region that an environment was asked for in.
type Cloud struct {
	clients map[string]*Client
	configs map[string]aws.Config

	mu   sync.Mutex
	away map[abroad]*Client
}

// abroad is an environment's account in another region.
type abroad struct{ environment, region string }

// New prepares the environments. Nothing is asked of AWS, and no role assumed, before the first call
// of an environment.
func New(ctx context.Context, environments []Environment, options Options) (*Cloud, error) {
	base, err := session(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	if err := validate(environments, base.Region); err != nil {
		return nil, err
	}
	c := &Cloud{clients: map[string]*Client{}, configs: map[string]aws.Config{}, away: map[abroad]*Client{}}
	for _, e := range environments {
		config := e.in(base)
		c.clients[e.Name], c.configs[e.Name] = newClient(config), config
	}
	return c, nil
}

// At returns a client of the environment's account and role in another region, or in its own when none is named. It
// shares the environment's credentials. Whether the account may use the region, its first call tells.
func (c *Cloud) At(environment, region string) (*Client, error) {
	home, err := c.In(environment)
	if err != nil || region == "" || region == home.region {
		return home, err
	}
	if !isRegion(region) {
		return nil, fault.New(fault.Invalid, "%q is not a region.", region).WithHint("Regions look like eu-west-1.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	there := abroad{environment, region}
	if c.away[there] == nil {
		config := c.configs[environment].Copy()
		config.Region = region
		c.away[there] = newClient(config)
	}
	return c.away[there], nil
}

// isRegion reports whether a text looks like a region's name, so that nothing else becomes part of an address.
func isRegion(text string) bool {
	parts := strings.Split(text, "-")
	last := len(parts) - 1
	if len(parts) < 3 || len(parts[0]) != 2 || strings.Trim(parts[last], "0123456789") != "" || parts[last] == "" {
		return false
	}
	return !slices.ContainsFunc(parts[:last], func(p string) bool {
		return p == "" || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz") != ""
	})
}

// In returns the client of an environment.
func (c *Cloud) In(environment string) (*Client, error) {
	if client, ok := c.clients[environment]; ok {
		return client, nil
	}
	names := make([]string, 0, len(c.clients))
	for name := range c.clients {
		names = append(names, name)
	}
	slices.Sort(names)
	return nil, fault.New(fault.NotFound, "There is no environment %s.", environment).
		WithHint("There is: %s.", strings.Join(names, ", "))
}

// validate reports every environment that cannot work.
func validate(environments []Environment, region string) error {
	var errs []error
	seen := map[string]bool{}
	for _, e := range environments {
		if e.Name == "" {
			errs = append(errs, errors.New("an environment has no name"))
		}
		if seen[e.Name] {
			errs = append(errs, fmt.Errorf("environment %s is there twice", e.Name))
		}
		seen[e.Name] = true
		if e.Region == "" && region == "" {
			errs = append(errs, fmt.Errorf("environment %s has no region, and AWS_REGION is not set", e.Name))
		}
	}
	return errors.Join(errs...)
}

// in returns the base configuration as the environment changes it.
func (e Environment) in(base aws.Config) aws.Config {
	config := base.Copy()
	if e.Region != "" {
		config.Region = e.Region
	}
	if e.Role != "" {
		config.Credentials = assume(config, e)
	}
	return config
}
