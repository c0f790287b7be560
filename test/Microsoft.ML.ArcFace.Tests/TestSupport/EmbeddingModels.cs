using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Makes models in use of what tests have, and gives them back as modules of torch.</summary>
internal static class EmbeddingModels
{
    extension(FaceEmbeddingModel model)
    {
        /// <summary>Takes the place of a training: the model of a backbone, which is disposed of.</summary>
        public static FaceEmbeddingModel Of(FaceBackbone backbone, Tensor centers, string[]? personNames, double scale = 16, InferencePrecision precision = InferencePrecision.Float32, FaceTrainingSummary? training = null)
        {
            using var trained = new TrainedNetwork(backbone, centers) { Architecture = backbone.Architecture, PersonNames = personNames, Scale = scale, Precision = precision, Training = training };
            return trained.ToModel(new MLContext());
        }

        /// <summary>Makes a model that has torch compute a module, which stays the caller's; it has no weights to save.</summary>
        public static FaceEmbeddingModel Computing(FaceBackbone backbone, Tensor centers, string[] personNames)
        {
            var facts = new EmbeddingFacts(backbone.Architecture, backbone.EmbeddingSize, personNames.Length, personNames, Scale: 16, InferencePrecision.Float32, Training: null);
            var values = PlainTensor.Of(centers.shape, new ModuleTensor(centers).ToSingles());
            return new FaceEmbeddingModel(backbone.Network, new WeightStore(new Dictionary<string, WritableTensor>()), new ClassCenters(values), facts, new Lazy<IFaceNetwork>(new TorchNetwork(backbone, CPU, InferencePrecision.Float32)));
        }

        /// <summary>Makes a module of the model's weights.</summary>
        public FaceBackbone ToBackbone()
        {
            using var scope = NewDisposeScope();
            var backbone = new FaceBackbone(model.Network);
            backbone.CopyFrom(model.Tensors);
            backbone.eval();
            foreach (Tensor tensor in backbone.state_dict().Values)
            {
                tensor.DetachFromDisposeScope();
            }

            return backbone;
        }
    }
}
