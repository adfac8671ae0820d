package bot

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/amiral-ops/amiral/internal/fault"
)

// SlashCommand is a command as Slack's manifest lists it.
type SlashCommand struct {
	Command     string `yaml:"command"` // with its slash
	Description string `yaml:"description"`
	UsageHint   string `yaml:"usage_hint,omitempty"`
	Escape      bool   `yaml:"should_escape"` // always true: names arrive as ids
}

// events are what the bot listens to. It never asks to read channels.
var events = []string{
	"app_home_opened", "app_mention", "app_uninstalled", "message.im",
	"subteam_created", "subteam_members_changed", "subteam_updated", "tokens_revoked", "user_change",
}

// Manifest is the app's description for Slack: paste it where a new app is made from a manifest.
func Manifest(commands []SlashCommand) ([]byte, error) {
	const most = 50
	if len(commands) > most {
		return nil, fault.New(fault.Invalid, "Slack takes %d slash commands, and there are %d.", most, len(commands))
	}
	for i, c := range commands {
		if len(c.Command) < 2 || c.Command[0] != '/' || len(c.Command) > 32 {
			return nil, fault.New(fault.Invalid, "%q is no name for a slash command.", c.Command)
		}
		commands[i].Escape = true
	}
	raw, err := yaml.Marshal(manifest(commands))
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return raw, nil
}

// mapping keeps a manifest's keys in the order they are written.
type mapping []entry

type entry struct {
	key   string
	value any
}

// MarshalYAML writes the entries in order.
func (m mapping) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range m {
		var k, v yaml.Node
		if err := k.Encode(e.key); err != nil {
			return nil, err
		}
		if err := v.Encode(e.value); err != nil {
			return nil, err
		}
		n.Content = append(n.Content, &k, &v)
	}
	return n, nil
}

func manifest(commands []SlashCommand) mapping {
	return mapping{
		{"_metadata", mapping{{"major_version", 2}, {"minor_version", 1}}},
		{"display_information", mapping{
			{"name", "amiral"},
			{"description", "The admiral of your fleet: images, groups and machines, with approvals."},
			{"background_color", "#1f2937"},
		}},
		{"features", mapping{
			{"app_home", mapping{
				{"home_tab_enabled", true}, {"messages_tab_enabled", true}, {"messages_tab_read_only_enabled", false},
			}},
			{"bot_user", mapping{{"display_name", "amiral"}, {"always_online", true}}},
			{"slash_commands", commands},
		}},
		{"oauth_config", mapping{{"scopes", mapping{{"bot", slices.Sorted(slices.Values(slices.Concat(scopes, wished)))}}}}},
		{"settings", mapping{
			{"event_subscriptions", mapping{{"bot_events", events}}},
			{"interactivity", mapping{{"is_enabled", true}}},
			{"org_deploy_enabled", false},
			{"socket_mode_enabled", true},
			{"token_rotation_enabled", false},
		}},
	}
}
