using System.Globalization;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace;

public sealed partial class ArcFaceTrainer
{
    /// <summary>
    /// Everything that can be set about a training run. What is null is chosen for the number of photographs and
    /// people when the run starts (docs/training.md says how), so that small sets converge and large ones get the
    /// paper's recipe without a setting being touched.
    /// </summary>
    public sealed record Options : ITrainingSettings
    {
        /// <summary>The column of photographs: an image, or Vector&lt;Single, 37632&gt; (planar R, G, B, 112×112, values 0–255).</summary>
        public string ImageColumnName { get; init; } = "Image";

        /// <summary>The column that says who it is: text, or a key. Only read while training.</summary>
        public string LabelColumnName { get; init; } = "Label";

        /// <summary>The output column: the unit-length embedding, Vector&lt;Single, <see cref="EmbeddingSize"/>&gt;.</summary>
        public string EmbeddingColumnName { get; init; } = "Embedding";

        /// <summary>If named, a column with the person whose class centre is nearest, as a key.</summary>
        public string? PredictedLabelColumnName { get; init; }

        /// <summary>If named, a column with the probabilities of all people in training: softmax of scale × cosine.</summary>
        public string? ScoreColumnName { get; init; }

        /// <summary>If named, a column with the cosines to the class centres of all people in training.</summary>
        public string? CosineColumnName { get; init; }

        /// <summary>
        /// If named, a column with the length of the embedding before it is made unit-length, over 0: a Single. Trained with
        /// <see cref="MagFaceLoss"/> (and, less so, with other losses) it is greater for clearer photographs.
        /// </summary>
        public string? QualityColumnName { get; init; }

        /// <summary>The network. Default <see cref="BackboneArchitecture.MobileFaceNet"/>, which a CPU can train.</summary>
        public BackboneArchitecture Backbone { get; init; } = BackboneArchitecture.MobileFaceNet;

        /// <summary>Numbers in an embedding, 2 to 4096. Default 512, the paper's.</summary>
        public int EmbeddingSize { get; init; } = 512;

        /// <summary>
        /// Where to start: weights of the same network, as a PyTorch state dictionary (.pth, .pt), a .safetensors file or a model (.zip), or
        /// a network of others, as an ONNX file, weights by the names of AdaFace or a model that has one, whose <see cref="Backbone"/> and
        /// <see cref="EmbeddingSize"/> are then not looked at. The class centres start anew. Null: random weights.
        /// </summary>
        public string? InitialWeights { get; init; }

        /// <summary>
        /// The pixels that the network of <see cref="InitialWeights"/> reads. Null, the default: what is known of the file
        /// (<see cref="KnownFaceFiles"/>), what its metadata say, or how its graph begins; else <see cref="FacePixels.Standard"/>, with a
        /// warning. A 1×1 convolution in front, which is not trained, makes them of the usual ones; the model keeps it.
        /// </summary>
        public FacePixels? Pixels { get; init; }

        /// <summary>
        /// Whether convolutions of a network of others, into which its exporter folded norms, get norms of their own again, made of
        /// statistics of the first 512 photographs so that the network computes what it did. Default false: their weights and biases train.
        /// </summary>
        public bool RenewNorms { get; init; }

        /// <summary>The backbone's learning rate as a share of <see cref="LearningRate"/>, over 0 and at most 1; the class centres learn at the whole. Null: 0.1 with <see cref="InitialWeights"/>, otherwise 1.</summary>
        public double? BackboneLearningRateShare { get; init; }

        /// <summary>
        /// How many of the backbone's four stages keep their <see cref="InitialWeights"/>, 0 to 4, from the first one on
        /// and with the stem before it; 4 leaves the embedding layer to be trained. Networks of others have no stages: there n keeps
        /// all layers up to those whose maps are 112/2ⁿ pixels wide. Default 0: everything is trained.
        /// </summary>
        public int FrozenStages { get; init; }

        /// <summary>
        /// A model to learn from beside the labels (docs/training.md, "Learn from a model"): <c>new FaceTeacher("w600k_r50.onnx")</c>, or one of a
        /// pipeline. Null: the labels alone.
        /// </summary>
        public FaceTeacher? Teacher { get; init; }

        /// <summary>Share of features dropped before the embedding layer, in [0, 1). Default 0. IResNet only.</summary>
        public double Dropout { get; init; }

        /// <summary>The loss. Default: ArcFace with a margin of 0.5 radians.</summary>
        public FaceLoss Loss { get; init; } = new ArcFaceLoss();

        /// <summary>
        /// Share of the people that a step scores, over 0 and up to 1: those of the batch and a random sample of the others
        /// (Partial FC, An et al., arXiv 2203.15565). Saves time and memory from some 100,000 people on; the paper finds 0.1
        /// nearly as good as all. Only the sampled class centres and their optimizer state are read and written in a step.
        /// Null: all people, in the ordinary way.
        /// </summary>
        public double? ClassSampleRate { get; init; }

        /// <summary>Passes over the photographs, 1 to 100,000. Null: enough steps for the size of the set.</summary>
        public int? Epochs { get; init; }

        /// <summary>Photographs in a step, 2 to 65,536. Null: fits the size of the set, never over a quarter of it.</summary>
        public int? BatchSize { get; init; }

        /// <summary>
        /// Photographs of each person in a batch, 2 to 1024; <see cref="BatchSize"/> is a multiple of it, and at least
        /// twice as much. A person with fewer shows some again. Null: photographs are drawn without regard to people, but
        /// 4 of each for triplet losses.
        /// </summary>
        public int? PhotographsPerPerson { get; init; }

        /// <summary>The arithmetic of training. Null: bfloat16 on a processor that has it (AVX512-BF16), float32 elsewhere and on GPUs.</summary>
        public TrainingPrecision? Precision { get; init; }

        /// <summary>What turns gradients into steps. Null: AdamW for small sets, which it learns in half of the steps; SGD with momentum for large ones.</summary>
        public TrainingOptimizer? Optimizer { get; init; }

        /// <summary>The peak learning rate, over 0. Null: suits optimizer and batch size.</summary>
        public double? LearningRate { get; init; }

        /// <summary>How the learning rate falls. Null: cosine for small sets, polynomial for large ones.</summary>
        public LearningRateDecay? Decay { get; init; }

        /// <summary>Share of all steps in which the learning rate rises, in [0, 1). Null: 5 % for small sets, none for large ones.</summary>
        public double? WarmUpFraction { get; init; }

        /// <summary>Share of all steps in which the margin grows from 0 to its full size, in [0, 1]. Null: half for small sets, none for large ones.</summary>
        public double? MarginRampFraction { get; init; }

        /// <summary>Momentum of SGD, in [0, 1). Default 0.9.</summary>
        public double Momentum { get; init; } = 0.9;

        /// <summary>Weight decay, 0 or more. Null: 5e-4 for SGD, 0.05 for AdamW, which multiplies it by the learning rate alone.</summary>
        public double? WeightDecay { get; init; }

        /// <summary>Largest norm of the backbone's gradient, over 0; a longer one is scaled down. Default 5. <see cref="double.PositiveInfinity"/>: no clipping.</summary>
        public double GradientClippingNorm { get; init; } = 5;

        /// <summary>What is done to a photograph before each pass. Null: light changes for small sets, the mirror image alone for large ones.</summary>
        public FaceAugmentation? Augmentation { get; init; }

        /// <summary>Decay of the moving average of the weights that becomes the model, in [0, 1). 0: the last weights. Null: 0.99 to 0.999 for small sets, 0 for large ones.</summary>
        public double? WeightAveragingDecay { get; init; }

        /// <summary>
        /// Photographs to validate on after each epoch, with the image and label columns (apply the same loading
        /// transform to them). Who is on them may be new. The weights with the greatest area under the ROC curve are kept.
        /// They stay in memory while training: 37 KB each.
        /// </summary>
        public IDataView? ValidationSet { get; init; }

        /// <summary>Stops after so many epochs without a better validation, 1 or more; needs a validation set. Null: never.</summary>
        public int? EarlyStoppingPatienceEpochs { get; init; }

        /// <summary>What to do about null images, as a lenient loader gives them for what it cannot read. Default: an error before the first step.</summary>
        public UnreadableImages UnreadableImages { get; init; } = UnreadableImages.Error;

        /// <summary>
        /// Tells whether photographs that are no aligned faces of 112×112 pixels are refused, in training and by the model that Fit returns (a
        /// saved one does not keep it). Default false: they are cropped to their central square and resized, with a warning.
        /// </summary>
        public bool RequireAligned { get; init; }

        /// <summary>Decoded photographs are kept in memory up to so many bytes and read again in each epoch beyond; 0 or more. Null: a third of the memory that the process may use.</summary>
        public long? ImageCacheBytes { get; init; }

        /// <summary>Whether the embedding is that of the photograph plus that of its mirror image, normalised (the published verification protocol; twice the time). Default false.</summary>
        public bool AddMirrorImage { get; init; }

        /// <summary>Rows embedded in one forward pass, 1 to 4096. Default 32.</summary>
        public int InferenceBatchSize { get; init; } = 32;

        /// <summary>The arithmetic of embedding. Default <see cref="ArcFace.InferencePrecision.Float32"/>.</summary>
        public InferencePrecision InferencePrecision { get; init; }

        /// <summary>Seed of weights, order and augmentation. Null: the MLContext's.</summary>
        public int? Seed { get; init; }

        /// <summary>
        /// A folder for checkpoints of the run. Where it has one of a run with the same options and data, training goes on
        /// from it, on the same processor to the very weights that it would have come to without the interruption; after
        /// a finished run it gives that run's model at once. One is written at the end, when the run is canceled,
        /// and as <see cref="CheckpointEverySteps"/> says. It is up to 5 times as large as the weights. One run at a time may write to it. Null: none.
        /// </summary>
        public string? CheckpointDirectory { get; init; }

        /// <summary>Steps from checkpoint to checkpoint, 1 or more. Null: one every 5 minutes.</summary>
        public int? CheckpointEverySteps { get; init; }

        /// <summary>How many checkpoints are kept, the newest, 1 to 1000. Default 2: where the newest is damaged the one before it is used.</summary>
        public int CheckpointsKept { get; init; } = 2;

        /// <summary>
        /// Whether a run goes on from the checkpoints in <see cref="CheckpointDirectory"/>; those of other options or data are
        /// then an error. False: it starts anew, and its first checkpoint replaces all that are there. Default true.
        /// </summary>
        public bool Resume { get; init; } = true;

        /// <summary>
        /// A folder for TensorBoard's events: loss, learning rate and share of the margin of each step, speed, and the
        /// validation of each epoch. Null: none.
        /// </summary>
        public string? TensorBoardDirectory { get; init; }

        /// <summary>Called on the training thread several times a minute and after each epoch.</summary>
        public Action<TrainingProgress>? Progress { get; init; }

        /// <summary>Stops the run within a batch, with a <see cref="TrainingCanceledException"/> that names the checkpoint, or before the first one with an <see cref="OperationCanceledException"/>.</summary>
        public CancellationToken CancellationToken { get; init; }

        /// <summary>
        /// Ends the run after so many of its <see cref="Epochs"/>, with the model of that moment and a checkpoint to go on from.
        /// Null: after all.
        /// </summary>
        internal int? StopAfterEpoch { get; init; }

        /// <summary>The options that decide the weights.</summary>
        internal TrainingRecipe Recipe => TrainingRecipe.Of(this);

        /// <summary>All other options.</summary>
        internal TrainingSetup Setup => TrainingSetup.Of(this);

        /// <inheritdoc/>
        IReadOnlyDictionary<string, string> ITrainingSettings.Describe()
        {
            IEnumerable<(string Name, object? Value)> settings =
            [
                .. RunJson.ValuesOf(Recipe, RunJson.Legible.TrainingRecipe), (nameof(InitialWeights), InitialWeights), (nameof(Teacher), Teacher), .. RunJson.ValuesOf(Setup, RunJson.Legible.TrainingSetup),
            ];
            return settings.Where(setting => setting.Value is not null).ToDictionary(setting => setting.Name, setting => Convert.ToString(setting.Value, CultureInfo.InvariantCulture)!);
        }

        /// <summary>Every violated range, as a sentence with value, allowed range and remedy.</summary>
        internal IReadOnlyList<string> Violations()
        {
            var check = new OptionsCheck();
            check.Name(ImageColumnName);
            check.Name(LabelColumnName);
            check.Name(EmbeddingColumnName);
            check.OptionalName(PredictedLabelColumnName);
            check.OptionalName(ScoreColumnName);
            check.OptionalName(CosineColumnName);
            check.OptionalName(QualityColumnName);
            check.Distinct(EmbeddingColumnName, PredictedLabelColumnName, ScoreColumnName, CosineColumnName, QualityColumnName);
            check.Defined(Backbone);
            check.InRange(EmbeddingSize, 2, 4096);
            check.That(InitialWeights is not "", $"{nameof(InitialWeights)} is empty; name an .onnx, .pth, .pt or .safetensors file or the .zip of a model, or leave it null.");
            check.That(Pixels is null || InitialWeights is not null,
                $"{nameof(Pixels)} are set, but there are no {nameof(InitialWeights)} that could read them: networks that start anew read {nameof(FacePixels)}.{nameof(FacePixels.Standard)}. Set both or none.");
            check.That(!RenewNorms || InitialWeights is not null,
                $"{nameof(RenewNorms)} is set, but there are no {nameof(InitialWeights)} with norms to make anew. Name an .onnx file, or leave it out.");
            check.That(BackboneLearningRateShare is null or (> 0 and <= 1), FormattableString.Invariant($"{nameof(BackboneLearningRateShare)} is {BackboneLearningRateShare}; it must be over 0 and at most 1. To keep weights as they are, set {nameof(FrozenStages)}."));
            check.InRange(FrozenStages, 0, Backbones.BackboneDescription.StageCount);
            check.That(FrozenStages == 0 || InitialWeights is not null,
                $"{nameof(FrozenStages)} is {FrozenStages}, but there are no {nameof(InitialWeights)} to keep: the stages would stay random. Set them, or freeze none.");
            check.AddRange(Teacher?.Violations());
            check.InHalfOpenUnit(Dropout);
            check.NotNull(Loss);
            check.AddRange(Loss?.Violations());
            check.That(ClassSampleRate is null or (> 0 and <= 1),
                FormattableString.Invariant($"{nameof(ClassSampleRate)} is {ClassSampleRate}; it must be over 0 and at most 1. The usual value is 0.1; null scores all people."));
            check.That(ClassSampleRate is null || Loss is null or { CanSampleClasses: true },
                $"{nameof(ClassSampleRate)} is set, but {Loss?.GetType().Name} has more than class centres to learn, or none. Use {nameof(NormSoftmaxLoss)}, {nameof(ArcFaceLoss)} or another margin loss, or leave it null.");
            check.InRange(Epochs, 1, 100_000);
            check.InRange(BatchSize, 2, 65_536);
            check.Defined(Precision);
            check.InRange(PhotographsPerPerson, 2, 1024);
            CheckBatch(check);
            check.Defined(Optimizer);
            check.Positive(LearningRate);
            check.Defined(Decay);
            check.InHalfOpenUnit(WarmUpFraction);
            check.InClosedUnit(MarginRampFraction);
            check.InHalfOpenUnit(Momentum);
            check.NotNegative(WeightDecay);
            check.Positive(GradientClippingNorm, infinityAllowed: true);
            check.AddRange(Augmentation?.Violations());
            check.InHalfOpenUnit(WeightAveragingDecay);
            check.InRange(EarlyStoppingPatienceEpochs, 1, int.MaxValue);
            check.Defined(UnreadableImages);
            check.InRange(ImageCacheBytes, 0, long.MaxValue);
            check.OptionalFolder(CheckpointDirectory);
            check.InRange(CheckpointEverySteps, 1, int.MaxValue);
            check.That(CheckpointEverySteps is null || CheckpointDirectory is not null,
                $"{nameof(CheckpointEverySteps)} is {CheckpointEverySteps}, but there is no {nameof(CheckpointDirectory)} to write checkpoints to. Name one, or leave it null.");
            check.InRange(CheckpointsKept, 1, 1000);
            check.OptionalFolder(TensorBoardDirectory);
            check.InRange(InferenceBatchSize, 1, 4096);
            check.Defined(InferencePrecision);
            return check.Violations;
        }

        private void CheckBatch(OptionsCheck check)
        {
            if (Loss is null)
            {
                return;
            }

            check.That(Recipe.SampledPhotographsPerPerson is not { } each || each <= Loss.LargestBatch / 2,
                $"{nameof(PhotographsPerPerson)} is {PhotographsPerPerson}; two people with so many photographs make a larger batch than the {Loss.LargestBatch} photographs that {Loss.GetType().Name} with this mining can compare. Take at most {Loss.LargestBatch / 2}.");
            if (BatchSize is not { } batchSize)
            {
                return;
            }

            check.That(batchSize <= Loss.LargestBatch,
                $"{nameof(BatchSize)} is {batchSize}; {Loss.GetType().Name} with this mining compares all triplets of a batch, of at most {Loss.LargestBatch} photographs. Take a smaller batch, or {nameof(TripletMining)}.{nameof(TripletMining.BatchHard)}.");
            if (Recipe.SampledPhotographsPerPerson is { } count and > 0)
            {
                check.That(batchSize % count == 0 && batchSize >= 2 * count,
                    $"{nameof(BatchSize)} is {batchSize}; with {count} photographs of each person ({nameof(PhotographsPerPerson)}) it must be a multiple of {count} and at least {2 * count}. Take {Math.Max(2 * count, batchSize / count * count)}, or leave it null.");
            }
        }

        /// <summary>Writes the values by name, numbers in the invariant culture.</summary>
        public override string ToString() => InvariantText.OfRecord(nameof(Options), PrintMembers);
    }
}
