package cloud

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// requirementsRequest asks for the same instance types as a version does.
func requirementsRequest(r *types.InstanceRequirements) *types.InstanceRequirementsRequest {
	if r == nil {
		return nil
	}
	return &types.InstanceRequirementsRequest{
		AcceleratorCount:           (*types.AcceleratorCountRequest)(r.AcceleratorCount),
		AcceleratorManufacturers:   r.AcceleratorManufacturers,
		AcceleratorNames:           r.AcceleratorNames,
		AcceleratorTotalMemoryMiB:  (*types.AcceleratorTotalMemoryMiBRequest)(r.AcceleratorTotalMemoryMiB),
		AcceleratorTypes:           r.AcceleratorTypes,
		AllowedInstanceTypes:       r.AllowedInstanceTypes,
		BareMetal:                  r.BareMetal,
		BaselineEbsBandwidthMbps:   (*types.BaselineEbsBandwidthMbpsRequest)(r.BaselineEbsBandwidthMbps),
		BaselinePerformanceFactors: factorsRequest(r.BaselinePerformanceFactors),
		BurstablePerformance:       r.BurstablePerformance,
		CpuManufacturers:           r.CpuManufacturers,
		ExcludedInstanceTypes:      r.ExcludedInstanceTypes,
		InstanceGenerations:        r.InstanceGenerations,
		LocalStorage:               r.LocalStorage,
		LocalStorageTypes:          r.LocalStorageTypes,
		MaxSpotPriceAsPercentageOfOptimalOnDemandPrice: r.MaxSpotPriceAsPercentageOfOptimalOnDemandPrice,
		MemoryGiBPerVCpu:      (*types.MemoryGiBPerVCpuRequest)(r.MemoryGiBPerVCpu),
		MemoryMiB:             memoryRequest(r.MemoryMiB),
		NetworkBandwidthGbps:  (*types.NetworkBandwidthGbpsRequest)(r.NetworkBandwidthGbps),
		NetworkInterfaceCount: (*types.NetworkInterfaceCountRequest)(r.NetworkInterfaceCount),
		OnDemandMaxPricePercentageOverLowestPrice: r.OnDemandMaxPricePercentageOverLowestPrice,
		RequireEncryptionInTransit:                r.RequireEncryptionInTransit,
		RequireHibernateSupport:                   r.RequireHibernateSupport,
		SpotMaxPricePercentageOverLowestPrice:     r.SpotMaxPricePercentageOverLowestPrice,
		TotalLocalStorageGB:                       (*types.TotalLocalStorageGBRequest)(r.TotalLocalStorageGB),
		VCpuCount:                                 cpuRequest(r.VCpuCount),
	}
}

func factorsRequest(f *types.BaselinePerformanceFactors) *types.BaselinePerformanceFactorsRequest {
	if f == nil {
		return nil
	}
	if f.Cpu == nil {
		return &types.BaselinePerformanceFactorsRequest{}
	}
	return &types.BaselinePerformanceFactorsRequest{Cpu: &types.CpuPerformanceFactorRequest{
		References: each(f.Cpu.References, factorRequest),
	}}
}

func factorRequest(r types.PerformanceFactorReference) types.PerformanceFactorReferenceRequest {
	return types.PerformanceFactorReferenceRequest(r)
}

func memoryRequest(m *types.MemoryMiB) *types.MemoryMiBRequest {
	if m == nil {
		return nil
	}
	return &types.MemoryMiBRequest{Min: m.Min, Max: m.Max}
}

func cpuRequest(r *types.VCpuCountRange) *types.VCpuCountRangeRequest {
	if r == nil {
		return nil
	}
	return &types.VCpuCountRangeRequest{Min: r.Min, Max: r.Max}
}
