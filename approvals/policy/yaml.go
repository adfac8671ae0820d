package policy

import (
	"go.yaml.in/yaml/v3"
)

// UnmarshalYAML reads a policy. A plain list is a policy of these rules and nothing else.
func (p *Policy) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode(&p.Rules)
	}
	type plain Policy
	return n.Decode((*plain)(p))
}
