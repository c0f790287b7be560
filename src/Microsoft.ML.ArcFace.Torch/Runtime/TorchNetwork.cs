using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>A network that libtorch computes, on any device.</summary>
internal sealed class TorchNetwork : IFaceNetwork
{
    private readonly FaceBackbone _backbone;
    private readonly Device _device;
    private readonly ScalarType _type;

    /// <summary>Takes over a backbone that lies on the device, and brings it into evaluation mode.</summary>
    public TorchNetwork(FaceBackbone backbone, Device device, InferencePrecision precision)
    {
        (_backbone, _device) = (backbone, device);
        _type = precision == InferencePrecision.BFloat16 && device.type != DeviceType.CPU ? ScalarType.BFloat16 : ScalarType.Float32;
        _backbone.eval();
        foreach (Tensor tensor in backbone.state_dict().Values)
        {
            tensor.DetachFromDisposeScope();
        }

        foreach (var parameter in backbone.parameters())
        {
            parameter.requires_grad_(false);
        }
    }

    /// <summary>Copies weights to a device.</summary>
    public static TorchNetwork Load(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, Device device, InferencePrecision precision)
    {
        // A new network draws its weights before these take their place; torch's generator stays as it was.
        using var randomState = new RandomStateGuard(seed: 0);
        using var scope = NewDisposeScope();
        var trainable = TrainableNetwork.Of(network);
        var backbone = new FaceBackbone(trainable.Network);
        backbone.CopyFrom(trainable.With(tensors));
        backbone.to(device);
        return new TorchNetwork(backbone, device, precision);
    }

    public float[] Embed(ReadOnlySpan<byte> faces, int count)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return _backbone.forward(FaceInput.ToTensor(faces, count, _device).to(_type)).to(ScalarType.Float32).cpu().data<float>().ToArray();   // [count, d]
    }

    public void Dispose() => _backbone.Dispose();
}
