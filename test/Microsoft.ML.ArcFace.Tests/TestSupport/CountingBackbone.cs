using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A backbone that embeds a face as its mean colour and writes down how many faces each forward pass had.</summary>
internal sealed class CountingBackbone() : FaceBackbone(new NetworkDescription("mbf", "colors", [NetworkDescription.Batch, 3], [], [], "colors"))
{
    public List<long> PassSizes { get; } = [];

    public override Tensor forward(Tensor faces)
    {
        PassSizes.Add(faces.shape[0]);
        return faces.mean([2, 3]);
    }
}
