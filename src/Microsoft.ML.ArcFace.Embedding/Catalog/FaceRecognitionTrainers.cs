using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The trainers of <c>mlContext.FaceRecognition().Trainers</c>; the package ArcFace.MLNet.Training adds them.</summary>
public sealed class FaceRecognitionTrainers
{
    internal FaceRecognitionTrainers(IHostEnvironment environment, WorkObserver observer) => (Environment, Observer) = (environment, observer);

    /// <summary>The environment of the catalog.</summary>
    internal IHostEnvironment Environment { get; }

    /// <summary>Follows the catalog's work.</summary>
    internal WorkObserver Observer { get; }
}
