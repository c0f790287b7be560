using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Losses;

/// <summary>ArcFace over the nearest of K centres of each class; centre k of class j is row j·K + k.</summary>
internal sealed class SubCenterHead(
    int embeddingSize, long classCount, int subCenters, double scale, AngularMargin margin, MarginGradient gradient)
    : MarginHead(nameof(SubCenterHead), embeddingSize, classCount * subCenters, scale)
{
    public override int CentersPerClass => subCenters;

    protected override Tensor TargetCosine(TargetPairs pairs) => margin.AtFraction(pairs.Step.MarginFraction).Apply(pairs, gradient);

    // [B, C·K] → [B, C]
    protected override Tensor ClassCosines(Tensor centerCosines) => centerCosines.view(centerCosines.shape[0], -1, subCenters).amax([2]);

    protected override Tensor OwnRows(Tensor centerCosines, Tensor labels) => NearestRows(centerCosines.detach(), labels);

    /// <summary>The dominant centre of each class: nearest to the most of its photographs, the first where none decide.</summary>
    public override Tensor ClassCenters(IEnumerable<EmbeddedBatch> trainingSet)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor unitCenters = Normalized(weight);
        Tensor photographs = zeros(weight.shape[0], dtype: ScalarType.Int64, device: weight.device);
        foreach (EmbeddedBatch batch in trainingSet)
        {
            using var batchScope = NewDisposeScope();
            Tensor rows = NearestRows(batch.UnitEmbeddings.matmul(unitCenters.t()), batch.Labels);
            photographs.AddRowsInPlace(rows, ones_like(rows));
        }

        Tensor dominant = photographs.view(-1, subCenters).argmax(1);          // [C]
        Tensor firstRows = TensorArithmetic.Indices(dominant.shape[0], weight.device).Times(subCenters);
        return weight.detach().index_select(0, firstRows.Plus(dominant)).MoveToOuterDisposeScope();
    }

    /// <summary>The row [B] of the nearest centre of each label's class among the cosines [B, C·K].</summary>
    private Tensor NearestRows(Tensor centerCosines, Tensor labels)
    {
        Tensor first = labels.Times(subCenters);
        Tensor own = first.unsqueeze(1).Plus(TensorArithmetic.Indices(subCenters, labels.device));        // [B, K]
        return first.Plus(centerCosines.gather(1, own).argmax(1));
    }
}
