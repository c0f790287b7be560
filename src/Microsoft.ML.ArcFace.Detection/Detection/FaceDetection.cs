using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Detection;

/// <summary>Loads the detectors of saved models. The part that loads models finds this class by its name.</summary>
internal sealed class FaceDetection : IFaceDetection
{
    public ITransformer Load(IHostEnvironment environment, ModelLoadContext context) => FaceDetectingTransformer.Load(environment, context);

    public IRowMapper LoadRowMapper(IHostEnvironment environment, ModelLoadContext context, DataViewSchema inputSchema) =>
        FaceDetectingTransformer.LoadRowMapper(environment, context, inputSchema);
}
