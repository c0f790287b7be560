using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Skips a test, saying so, where torch can use no GPU.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RequiresGpuAttribute : ConditionBaseAttribute
{
    private static readonly Lazy<bool> HasGpu = new(() => TorchDevices.Choose(gpuDeviceId: 0, fallbackToCpu: true).type == TorchSharp.DeviceType.CUDA);

    public RequiresGpuAttribute() : base(ConditionMode.Include) =>
        IgnoreMessage = "Skipped: there is no CUDA GPU here, or the libtorch in use cannot reach it. build/gpu-check.sh runs these tests where there is one.";

    public override string GroupName => nameof(RequiresGpuAttribute);

    public override bool IsConditionMet => HasGpu.Value;
}
