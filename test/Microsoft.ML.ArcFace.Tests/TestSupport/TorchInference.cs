using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.BFloat16;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Makes the fast form of a backbone that libtorch holds.</summary>
internal static class TorchInference
{
    extension(InferenceNetwork)
    {
        /// <summary>Whether a backbone can be computed so: a network of faces, on the processor.</summary>
        public static bool Fits(FaceBackbone backbone, Device device) =>
            device.type == DeviceType.CPU && backbone.Network.ShapeOf(backbone.Network.Input) is [_, FaceInput.Channels, FaceInput.Size, FaceInput.Size];

        /// <summary>Copies the weights of a backbone in evaluation mode.</summary>
        /// <param name="backbone">The backbone.</param>
        /// <param name="precision">bfloat16 is used where the processor can multiply it.</param>
        public static InferenceNetwork From(FaceBackbone backbone, InferencePrecision precision = InferencePrecision.Float32) => new(
            backbone.Network, ModuleState.ReadableByName(backbone), VectorWidths.Best, get_num_threads,
            precision == InferencePrecision.BFloat16 && TorchDevices.IsFastInBFloat16(CPU) ? new TorchArithmetic() : null);
    }
}
