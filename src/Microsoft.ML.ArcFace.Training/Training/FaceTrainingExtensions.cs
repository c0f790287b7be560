using Microsoft.ML.ArcFace;

namespace Microsoft.ML;

/// <summary>Adds the trainer to the catalog.</summary>
public static class FaceTrainingExtensions
{
    /// <param name="trainers">The catalog's trainers.</param>
    extension(FaceRecognitionTrainers trainers)
    {
        /// <summary>Trains a face embedding with ArcFace's additive angular margin.</summary>
        /// <param name="imageColumnName">The column of photographs.</param>
        /// <param name="labelColumnName">The column that says who it is: text or a key.</param>
        /// <param name="embeddingColumnName">The output column.</param>
        /// <param name="backbone">The network.</param>
        /// <param name="epochs">Passes over the photographs; null: as many as the size of the set asks for.</param>
        public ArcFaceTrainer ArcFace(
            string imageColumnName = "Image",
            string labelColumnName = "Label",
            string embeddingColumnName = "Embedding",
            BackboneArchitecture backbone = BackboneArchitecture.MobileFaceNet,
            int? epochs = null) =>
            trainers.ArcFace(new ArcFaceTrainer.Options
            {
                ImageColumnName = imageColumnName,
                LabelColumnName = labelColumnName,
                EmbeddingColumnName = embeddingColumnName,
                Backbone = backbone,
                Epochs = epochs,
            });

        /// <summary>Trains a face embedding with everything that can be set.</summary>
        /// <param name="options">The options.</param>
        /// <exception cref="ArgumentOutOfRangeException">Options outside of their ranges; the message lists all of them.</exception>
        public ArcFaceTrainer ArcFace(ArcFaceTrainer.Options options)
        {
            ArgumentNullException.ThrowIfNull(trainers);
            return new ArcFaceTrainer(trainers.Environment, options, trainers.Observer);
        }
    }
}
