package cloud

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// number is the value of an optional number, zero without one.
func number(n *int32) int { return int(aws.ToInt32(n)) }

// seconds turns the API's seconds into a duration.
func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }

// inSeconds turns a duration into the API's seconds.
func inSeconds(d time.Duration) *int32 { return aws.Int32(int32(d / time.Second)) }

// optional is the value of a percentage or time that AWS may leave out or give as -1, its "none".
func optional(n *int32) *int {
	if n == nil || *n < 0 {
		return nil
	}
	value := int(*n)
	return &value
}

// moment reads EC2's times in text; what cannot be read is no time.
func moment(text *string) time.Time {
	t, err := time.Parse(time.RFC3339, aws.ToString(text))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// labels turns EC2's tags into a map.
func labels(tags []ec2types.Tag) map[string]string {
	if len(tags) == 0 {
		return nil
	}
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return m
}

// texts turns a list of ids into the strings that the API takes.
func texts[ID ~string](ids []ID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	return list
}

// filter is one EC2 filter.
func filter(name string, values ...string) []ec2types.Filter {
	return []ec2types.Filter{{Name: aws.String(name), Values: values}}
}

// given is the string, or nil when it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// ec2Tags turns a map into EC2's tags, in the order of their keys, so that a repeated call is the same call.
func ec2Tags(tags map[string]string) []ec2types.Tag {
	var list []ec2types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, ec2types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// tagged asks for the tags on what a call makes; nothing when there are none, which EC2 would refuse.
func tagged(tags map[string]string, kinds ...ec2types.ResourceType) []ec2types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	var specs []ec2types.TagSpecification
	for _, kind := range kinds {
		specs = append(specs, ec2types.TagSpecification{ResourceType: kind, Tags: ec2Tags(tags)})
	}
	return specs
}

// literal is a text as EC2's filters take it when none of its characters may stand for others.
func literal(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}
