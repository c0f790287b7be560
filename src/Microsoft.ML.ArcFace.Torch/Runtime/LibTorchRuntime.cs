using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>Offers libtorch to models in use. The part that embeds finds it by its name.</summary>
internal sealed class LibTorchRuntime : ITorchRuntime
{
    public IBFloat16Arithmetic? CreateBFloat16()
    {
        if (!TorchDevices.IsProcessorFastInBFloat16)
        {
            return null;
        }

        NativeLibraries.EnsureLoaded();
        return new TorchArithmetic();
    }

    public void FollowThreadsOfProgram() => NativeLibraries.FollowThreadsOfProgram();

    public IGpu? ChooseGpu(int gpuDeviceId, bool fallbackToCpu)
    {
        Device device = TorchDevices.Choose(gpuDeviceId, fallbackToCpu);
        return device.type == TorchSharp.DeviceType.CPU ? null : new Gpu(device);
    }

    private sealed class Gpu(Device device) : IGpu
    {
        public IFaceNetwork Load(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, InferencePrecision precision) =>
            TorchNetwork.Load(network, tensors, device, precision);
    }
}
