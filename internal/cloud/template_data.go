package cloud

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// request turns template data that AWS returned into data that AWS takes, and loses nothing that it takes. Where the
// two are the same fields under another name the compiler proves it: such a conversion stops compiling when one side
// gains a field.
func request(d *types.ResponseLaunchTemplateData) *types.RequestLaunchTemplateData {
	if d == nil {
		return &types.RequestLaunchTemplateData{}
	}
	r := &types.RequestLaunchTemplateData{
		CpuOptions:                        (*types.LaunchTemplateCpuOptionsRequest)(d.CpuOptions),
		CreditSpecification:               (*types.CreditSpecificationRequest)(d.CreditSpecification),
		DisableApiStop:                    d.DisableApiStop,
		DisableApiTermination:             d.DisableApiTermination,
		EbsOptimized:                      d.EbsOptimized,
		EnclaveOptions:                    (*types.LaunchTemplateEnclaveOptionsRequest)(d.EnclaveOptions),
		HibernationOptions:                (*types.LaunchTemplateHibernationOptionsRequest)(d.HibernationOptions),
		IamInstanceProfile:                (*types.LaunchTemplateIamInstanceProfileSpecificationRequest)(d.IamInstanceProfile),
		ImageId:                           d.ImageId,
		InstanceInitiatedShutdownBehavior: d.InstanceInitiatedShutdownBehavior,
		InstanceType:                      d.InstanceType,
		KernelId:                          d.KernelId,
		KeyName:                           d.KeyName,
		MaintenanceOptions:                (*types.LaunchTemplateInstanceMaintenanceOptionsRequest)(d.MaintenanceOptions),
		Monitoring:                        (*types.LaunchTemplatesMonitoringRequest)(d.Monitoring),
		NetworkPerformanceOptions:         (*types.LaunchTemplateNetworkPerformanceOptionsRequest)(d.NetworkPerformanceOptions),
		Placement:                         (*types.LaunchTemplatePlacementRequest)(d.Placement),
		PrivateDnsNameOptions:             (*types.LaunchTemplatePrivateDnsNameOptionsRequest)(d.PrivateDnsNameOptions),
		RamDiskId:                         d.RamDiskId,
		SecurityGroupIds:                  d.SecurityGroupIds,
		SecurityGroups:                    d.SecurityGroups,
		UserData:                          d.UserData,

		CapacityReservationSpecification: reservationRequest(d.CapacityReservationSpecification),
		InstanceMarketOptions:            marketRequest(d.InstanceMarketOptions),
		InstanceRequirements:             requirementsRequest(d.InstanceRequirements),
		MetadataOptions:                  metadataRequest(d.MetadataOptions),
		BlockDeviceMappings:              each(d.BlockDeviceMappings, deviceRequest),
		NetworkInterfaces:                each(d.NetworkInterfaces, interfaceRequest),
		SecondaryInterfaces:              each(d.SecondaryInterfaces, secondaryRequest),
		ElasticGpuSpecifications:         each(d.ElasticGpuSpecifications, gpuRequest),
		ElasticInferenceAccelerators:     each(d.ElasticInferenceAccelerators, acceleratorRequest),
		LicenseSpecifications:            each(d.LicenseSpecifications, licenseRequest),
		TagSpecifications:                each(d.TagSpecifications, tagRequest),
	}
	if d.Operator != nil {
		r.Operator = &types.OperatorRequest{Principal: d.Operator.Principal}
	}
	return r
}

// each converts a list's elements; no list stays no list.
func each[From, To any](list []From, convert func(From) To) []To {
	if list == nil {
		return nil
	}
	converted := make([]To, len(list))
	for i, element := range list {
		converted[i] = convert(element)
	}
	return converted
}

func gpuRequest(g types.ElasticGpuSpecificationResponse) types.ElasticGpuSpecification {
	return types.ElasticGpuSpecification(g)
}

func acceleratorRequest(a types.LaunchTemplateElasticInferenceAcceleratorResponse) types.LaunchTemplateElasticInferenceAccelerator {
	return types.LaunchTemplateElasticInferenceAccelerator{Count: a.Count, Type: a.Type}
}

func licenseRequest(l types.LaunchTemplateLicenseConfiguration) types.LaunchTemplateLicenseConfigurationRequest {
	return types.LaunchTemplateLicenseConfigurationRequest(l)
}

func tagRequest(t types.LaunchTemplateTagSpecification) types.LaunchTemplateTagSpecificationRequest {
	return types.LaunchTemplateTagSpecificationRequest(t)
}

func deviceRequest(m types.LaunchTemplateBlockDeviceMapping) types.LaunchTemplateBlockDeviceMappingRequest {
	return types.LaunchTemplateBlockDeviceMappingRequest{
		DeviceName:  m.DeviceName,
		Ebs:         (*types.LaunchTemplateEbsBlockDeviceRequest)(m.Ebs),
		NoDevice:    m.NoDevice,
		VirtualName: m.VirtualName,
	}
}

func reservationRequest(
	s *types.LaunchTemplateCapacityReservationSpecificationResponse,
) *types.LaunchTemplateCapacityReservationSpecificationRequest {
	if s == nil {
		return nil
	}
	return &types.LaunchTemplateCapacityReservationSpecificationRequest{
		CapacityReservationPreference: s.CapacityReservationPreference,
		CapacityReservationTarget:     (*types.CapacityReservationTarget)(s.CapacityReservationTarget),
	}
}

func marketRequest(m *types.LaunchTemplateInstanceMarketOptions) *types.LaunchTemplateInstanceMarketOptionsRequest {
	if m == nil {
		return nil
	}
	return &types.LaunchTemplateInstanceMarketOptionsRequest{
		MarketType:  m.MarketType,
		SpotOptions: (*types.LaunchTemplateSpotMarketOptionsRequest)(m.SpotOptions),
	}
}

// metadataRequest leaves out the state, which is AWS's to tell.
func metadataRequest(m *types.LaunchTemplateInstanceMetadataOptions) *types.LaunchTemplateInstanceMetadataOptionsRequest {
	if m == nil {
		return nil
	}
	return &types.LaunchTemplateInstanceMetadataOptionsRequest{
		HttpEndpoint:            m.HttpEndpoint,
		HttpProtocolIpv6:        m.HttpProtocolIpv6,
		HttpPutResponseHopLimit: m.HttpPutResponseHopLimit,
		HttpTokens:              m.HttpTokens,
		InstanceMetadataTags:    m.InstanceMetadataTags,
	}
}
