namespace Microsoft.ML.ArcFace;

/// <summary>What the trials of an experiment are ranked by, over pairs of validation photographs.</summary>
public enum FaceExperimentMetric
{
    /// <summary>The area under the ROC curve: steady on few pairs.</summary>
    AreaUnderRocCurve,

    /// <summary>The true-accept rate at <see cref="FaceExperimentSettings.FalseAcceptRate"/>: what a recogniser is used for, but coarse where impostor pairs are few.</summary>
    TrueAcceptRate,
}
