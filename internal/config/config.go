// Package config is amiral.yaml: the environments, the policy and where things are. It reads, checks and
// reports every problem at once; it holds no secrets, which come from the process environment.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/approvals/policy"
)

// Config is amiral.yaml. Its zero values work, but for environments and policy, which must be given.
type Config struct {
	Environments []Environment `yaml:"environments"`
	Policy       policy.Policy `yaml:"policy"`
	Redis        Redis         `yaml:"redis"`
	Engine       Engine        `yaml:"engine"`
	HTTP         HTTP          `yaml:"http"`
	Log          Log           `yaml:"log"`
	Operators    []Operator    `yaml:"operators"`
	Audit        Audit         `yaml:"audit"`
	Images       Images        `yaml:"images"`
	Slack        Slack         `yaml:"slack"`
}

// Environment is a place where fleets run: an account seen through a role, and a region.
type Environment struct {
	Name       string   `yaml:"name"`
	Region     string   `yaml:"region"`      // empty: the SDK's own AWS_REGION
	Role       string   `yaml:"role"`        // ARN to assume; empty: the process's own identity
	ExternalID string   `yaml:"external_id"` // for the role, where its trust policy asks for one
	Channels   []string `yaml:"channels"`    // "#name" or id: commands typed there mean this environment
	Default    bool     `yaml:"default"`     // commands typed elsewhere mean this environment
}

// Redis is where the state lives. The address comes from REDIS_URL or url; without either the bot keeps
// its state in memory and says so.
type Redis struct {
	URL      string `yaml:"url"`
	Prefix   string `yaml:"prefix"`   // of every key; "amiral" when empty
	Replicas int    `yaml:"replicas"` // how many replicas must confirm a decision and an end; 0: none
}

// Engine is how operations are run.
type Engine struct {
	Workers int           `yaml:"workers"` // operations stepped at the same time; 4 when zero
	Lease   time.Duration `yaml:"lease"`   // a dead worker's operation goes on after this; 15s when zero
	Poll    time.Duration `yaml:"poll"`    // between two looks at an instance refresh; 15s when zero
	Redraw  time.Duration `yaml:"redraw"`  // least time between two redraws of a card; 3s when zero
}

// Slack is how messages are drawn.
type Slack struct {
	Tables string `yaml:"tables"` // auto: lists are tables where Slack takes them; never: they are lines; auto when empty
}

// HTTP is the address of metrics and health.
type HTTP struct {
	Addr string `yaml:"addr"` // "127.0.0.1:8080" when empty, "off" for none
}

// Log is what is logged.
type Log struct {
	Level string `yaml:"level"` // debug, info, warn or error; info when empty
}

// Load reads and checks a file, and the files that its policy includes.
func Load(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := parse(raw)
	if readable(err) {
		var included error
		c.Policy, included = c.Policy.Included(filepath.Dir(path))
		err = problems(err, included, c.Validate())
	}
	if err != nil {
		return c, fmt.Errorf("%s:\n%w", path, err)
	}
	return c, nil
}

// Parse reads and checks a document that includes no files. An unknown field is an error: a misspelt rule must
// not be silently without effect.
func Parse(raw []byte) (Config, error) {
	c, err := parse(raw)
	if !readable(err) {
		return c, err
	}
	var included error
	if len(c.Policy.Include) > 0 {
		included = errors.New("policy: include: nobody knows which folder this document stands in")
	}
	return c, problems(err, included, c.Validate())
}

// readable reports whether the document could be read but for some fields, so that it is worth looking for more
// problems.
func readable(err error) bool {
	var fields *yaml.TypeError
	return err == nil || errors.As(err, &fields)
}

// problems joins what is wrong with fields, with what is included, and with what it all means.
func problems(fields, included, meaning error) error {
	if fields != nil {
		fields = policy.Lines("", fields)
	}
	return errors.Join(fields, included, meaning)
}

func parse(raw []byte) (Config, error) {
	var c Config
	var n yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&n); errors.Is(err, io.EOF) {
		return c, nil
	} else if err != nil {
		return c, fmt.Errorf("read the document: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return c, errors.New("read the document: there is more than one, of which only the first would count")
	}
	if err := policy.Mistaken(raw); err != nil {
		return c, fmt.Errorf("read the document: %w", err)
	}
	err := policy.Strict(&n, &c)
	for _, o := range c.Operators {
		for i, g := range o.Groups {
			o.Groups[i] = strings.TrimPrefix(g, "@")
		}
	}
	return c, err
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	errs := c.environmentProblems()
	errs = append(errs, c.Policy.Validate())
	errs = append(errs, c.strangeEnvironments()...)
	errs = append(errs, c.operatorProblems()...)
	errs = append(errs, c.Audit.problems(), c.Images.problems())
	if c.Engine.Lease != 0 && c.Engine.Lease < time.Second {
		errs = append(errs, fmt.Errorf("engine: lease: %s is under 1s, shorter than a call to AWS", c.Engine.Lease))
	}
	if c.Engine.Workers < 0 || c.Engine.Workers > 256 {
		errs = append(errs, fmt.Errorf("engine: workers: %d is not between 0 and 256", c.Engine.Workers))
	}
	if !slices.Contains([]string{"", "auto", "never"}, c.Slack.Tables) {
		errs = append(errs, fmt.Errorf("slack: tables: %q is neither auto nor never", c.Slack.Tables))
	}
	if c.Redis.Replicas < 0 {
		errs = append(errs, fmt.Errorf("redis: replicas: %d is below 0", c.Redis.Replicas))
	}
	if !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log.Level) {
		errs = append(errs, fmt.Errorf("log: level: %q is none of debug, info, warn, error", c.Log.Level))
	}
	return errors.Join(errs...)
}

// strangeEnvironments are those that rules are about and that there are not.
func (c Config) strangeEnvironments() []error {
	var errs []error
	for i, r := range c.Policy.Rules {
		for _, name := range r.Environment.All() {
			if !strings.ContainsAny(name, `*?[\`) && !c.has(name) {
				errs = append(errs, fmt.Errorf("policy: %s: there is no environment %q; there are: %s", c.Policy.Place(i), name, strings.Join(c.Names(), ", ")))
			}
		}
	}
	return errs
}

var environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

func (c Config) environmentProblems() []error {
	if len(c.Environments) == 0 {
		return []error{errors.New("environments: there is none; add at least one with a name and a region")}
	}
	var errs []error
	names, channels, defaults := map[string]bool{}, map[string]string{}, 0
	for i, e := range c.Environments {
		if !environmentName.MatchString(e.Name) {
			errs = append(errs, fmt.Errorf("environments: number %d: name %q must be lower-case letters, digits and dashes", i+1, e.Name))
		}
		if names[e.Name] {
			errs = append(errs, fmt.Errorf("environments: %s is there twice", e.Name))
		}
		names[e.Name] = true
		if e.Role != "" && !strings.HasPrefix(e.Role, "arn:") {
			errs = append(errs, fmt.Errorf("environments: %s: role %q is not an ARN", e.Name, e.Role))
		}
		for _, ch := range e.Channels {
			if other, taken := channels[ch]; taken {
				errs = append(errs, fmt.Errorf("environments: channel %s belongs to %s already, so it cannot mean %s too", ch, other, e.Name))
			}
			channels[ch] = e.Name
		}
		if e.Default {
			defaults++
		}
	}
	if defaults > 1 {
		errs = append(errs, errors.New("environments: more than one is the default"))
	}
	return errs
}

func (c Config) has(name string) bool { return slices.Contains(c.Names(), name) }

// Names are the environments' names in the order of the file.
func (c Config) Names() []string {
	names := make([]string, len(c.Environments))
	for i, e := range c.Environments {
		names[i] = e.Name
	}
	return names
}
